package dev.troupe.model;

import dev.troupe.proto.Tensors;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of tokens as they travel. */
public final class TokenRows {
    private TokenRows() {}

    /** The batch of these rows. */
    public static TokenBatch batch(List<TokenRow> rows) {
        return TokenBatch.newBuilder()
                .setIds(Tensors.ofInts(
                        rows.stream().flatMapToInt(r -> Arrays.stream(r.ids())).toArray()))
                .setLengths(
                        Tensors.ofInts(rows.stream().mapToInt(TokenRow::length).toArray()))
                .setPromptLengths(Tensors.ofInts(
                        rows.stream().mapToInt(TokenRow::promptLength).toArray()))
                .build();
    }

    /**
     * The rows of a batch, in order.
     *
     * @param vocabulary ids must lie below it
     * @throws WireException if lengths, prompts and ids do not fit together
     */
    public static List<TokenRow> of(TokenBatch batch, int vocabulary) {
        int[] ids = Tensors.ints(batch.getIds());
        int[] lengths = Tensors.ints(batch.getLengths());
        int[] prompts = Tensors.ints(batch.getPromptLengths());
        if (lengths.length != prompts.length) {
            throw shape(lengths.length + " lengths and " + prompts.length + " prompt lengths; expected as many");
        }
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw shape("token id " + id + " lies outside the vocabulary of " + vocabulary);
            }
        }
        List<TokenRow> rows = new ArrayList<>(lengths.length);
        int at = 0;
        for (int r = 0; r < lengths.length; r++) {
            if (prompts[r] < 1 || prompts[r] > lengths[r] || lengths[r] > ids.length - at) {
                throw shape("row " + r + " of length " + lengths[r] + " with a prompt of " + prompts[r]
                        + " does not fit " + (ids.length - at) + " remaining ids");
            }
            rows.add(new TokenRow(Arrays.copyOfRange(ids, at, at + lengths[r]), prompts[r]));
            at += lengths[r];
        }
        if (at != ids.length) {
            throw shape((ids.length - at) + " ids are left over after the last row");
        }
        return rows;
    }

    private static WireException shape(String message) {
        return new WireException(WireException.Code.SHAPE, "token batch: " + message);
    }
}
