import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Holds the summary of a run of the embedded default to what it must reach; an exception ends with exit code 1. */
final class Outcome {
    private static int broken;

    public static void main(String[] args) throws Exception {
        Path run = Path.of(args[0]);
        String text = Files.readString(run.resolve("summary.json"));
        System.out.println(text);
        JsonNode s = new ObjectMapper().readTree(text);
        hold("status is done", s.path("status").asText().equals("done"));
        hold("gold is up by 0.35", number(s, "gold_after") - number(s, "gold_before") >= 0.35);
        hold("the reward model's score is up", number(s, "reward_after") > number(s, "reward_before"));
        hold("70 % of the completions are distinct", number(s, "distinct") >= 0.7);
        double grammar = number(s, "grammar_before") - number(s, "grammar_after");
        hold("the grammar accepts at most 10 points less", grammar <= 0.1);
        hold("KL is under 25 nats", number(s, "kl") < 25);
        JsonNode l = s.path("ledger");
        hold(
                "the ledger adds up",
                l.path("issued").asLong(-1)
                        == l.path("running").asLong() + l.path("finished").asLong() + l.path("trained").asLong()
                                + l.path("dropped").asLong());
        long eta = ConfigFactory.parseFile(run.resolve("config.conf").toFile()).getLong("staleness.max");
        hold("staleness stays within " + eta, s.path("staleness").path("max").asLong(eta + 1) <= eta);
        if (broken > 0) {
            throw new AssertionError(broken + " of the expectations above do not hold");
        }
    }

    private static void hold(String what, boolean holds) {
        System.out.println((holds ? "ok  " : "BAD ") + what);
        broken += holds ? 0 : 1;
    }

    private static double number(JsonNode summary, String key) {
        return summary.path(key).asDouble(Double.NaN);
    }
}
