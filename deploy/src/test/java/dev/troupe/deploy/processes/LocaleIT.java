package dev.troupe.deploy.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.settings.Home;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher under any locale gives the ids that UTF-8 gives. Everything goes through a shell script in UTF-8, for
 * the JVM of this test may itself be under a locale that cannot write the letters.
 */
class LocaleIT {
    /** The ids that the tokenizers library gives for "Zoë 😀" with the shipped stories tokenizer. */
    private static final int[] IDS = {1, 505, 198, 174, 35, 243, 162, 155, 131};

    /** An install whose path has a space and a letter that is not ASCII: the launcher and the models. */
    private static final String INSTALL = """
            set -euo pipefail
            root="$1/Zoë install"
            mkdir -p "$root/deploy/target" "$root/deploy/src/main"
            cp -p "$2/troupe" "$2/pom.xml" "$root/"
            cp -p "$2/deploy/pom.xml" "$root/deploy/"
            cp -r "$2/deploy/models" "$2/deploy/configs" "$root/deploy/"
            touch "$root/deploy/target/.built"
            printf '{"prompt": "Zoë 😀"}\\n' > "$1/Zoë.jsonl"
            """;

    private static final String GENERATE = """
            set -euo pipefail
            unset LC_ALL LC_CTYPE LANG
            if [[ -n $2 ]]; then export "$2"; fi
            export TROUPE_CLASSPATH TROUPE_JAVA_OPTS=-XX:TieredStopAtLevel=1
            TROUPE_CLASSPATH=$(cat "$1/classpath")
            common=(--model stories --temperature 0 --max-new-tokens 1 --json)
            "$1/Zoë install/troupe" generate "${common[@]}" --prompt 'Zoë 😀'
            "$1/Zoë install/troupe" generate "${common[@]}" --input "$1/Zoë.jsonl"
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void install() throws Exception {
        Files.writeString(folder.resolve("classpath"), System.getProperty("java.class.path"));
        shell(INSTALL, Home.find().path().toString());
    }

    @Test
    void everyLocaleGivesTheIdsOfUtf8() throws Exception {
        for (String locale : List.of("LC_ALL=POSIX", "LC_ALL=C", "LANG=", "LC_ALL=none.UTF-8", "LC_ALL=C.UTF-8")) {
            String said = shell(GENERATE, locale);
            List<String> lines = said.lines().filter(l -> l.startsWith("{")).toList();
            assertThat(lines).as("%s: %s", locale, said).hasSize(2);
            for (String line : lines) {
                JsonNode ids = new ObjectMapper().readTree(line).get("prompt_ids");
                assertThat(new ObjectMapper().convertValue(ids, int[].class))
                        .as(locale)
                        .containsExactly(IDS);
            }
        }
    }

    private String shell(String script, String argument) throws IOException, InterruptedException {
        Path file = folder.resolve("script.sh");
        Files.writeString(file, script, StandardCharsets.UTF_8);
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder("bash", file.toString(), folder.toString(), argument)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError("still running: " + Files.readString(output));
        }
        String said = Files.readString(output);
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }
}
