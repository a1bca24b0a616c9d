package dev.troupe.transport;

import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Failure;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import java.util.List;

/** Writes the answers of scorers. */
public final class ScoreAnswers {
    /** Name of what a completion is worth; a reward that is alone may go by its own name. */
    public static final String REWARD = "reward";

    private static final int MOST_MESSAGE_CHARS = 500;

    private ScoreAnswers() {}

    /**
     * An answer with numbers for every row. A row with a number that is not finite becomes a failure of that row alone.
     *
     * @param name of the score: "logprobs", "value", "reward", or a reward's own name
     * @param rows numbers of each row of the request, in its order
     * @param modelVersion version of the model that answered, 0 for frozen ones
     * @param busyMicros time it took
     */
    public static ScoreAnswer of(
            ScoreRequest request, String name, List<float[]> rows, long modelVersion, long busyMicros) {
        if (rows.size() != request.getIdsCount()) {
            throw new IllegalArgumentException("request " + request.getRequest() + " has " + request.getIdsCount()
                    + " rows, the scorer answered " + rows.size());
        }
        ScoreAnswer.Builder answer = begin(request, modelVersion, busyMicros);
        for (int i = 0; i < rows.size(); i++) {
            answer.addRows(row(request, i, name, rows.get(i)));
        }
        return answer.build();
    }

    /** The same failure for every row. */
    public static ScoreAnswer failed(ScoreRequest request, String name, String code, String message) {
        ScoreAnswer.Builder answer = begin(request, 0, 0);
        for (int i = 0; i < request.getIdsCount(); i++) {
            answer.addRows(failedRow(request, i, name, code, message));
        }
        return answer.build();
    }

    /** An answer to which the caller adds the rows. */
    public static ScoreAnswer.Builder begin(ScoreRequest request, long modelVersion, long busyMicros) {
        return ScoreAnswer.newBuilder()
                .setRequest(request.getRequest())
                .setKind(request.getKind())
                .setModelVersion(modelVersion)
                .setBusyUs(busyMicros);
    }

    /** The score of one row of the request, or its failure when a number is not finite. */
    public static RowScore row(ScoreRequest request, int row, String name, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return failedRow(
                        request, row, name, "not_finite", "the " + name + " at position " + i + " is " + values[i]);
            }
        }
        return RowScore.newBuilder()
                .setId(request.getIds(row))
                .setName(name)
                .setValues(Tensors.ofFloats(values))
                .build();
    }

    /** The failure of one row of the request. */
    public static RowScore failedRow(ScoreRequest request, int row, String name, String code, String message) {
        String shortened = message.length() <= MOST_MESSAGE_CHARS ? message : message.substring(0, MOST_MESSAGE_CHARS);
        return RowScore.newBuilder()
                .setId(request.getIds(row))
                .setName(name)
                .setFailure(Failure.newBuilder().setCode(code).setMessage(shortened))
                .build();
    }
}
