package dev.troupe.model;

import dev.troupe.proto.HostTensor;

/** Matrices whose rows or columns are given lengths (DoRA, Liu et al. 2024, arXiv 2402.09353). */
final class Magnitudes {
    private Magnitudes() {}

    /** Each row of a linear map's matrix [out, in] at its length. */
    static HostTensor ofRows(HostTensor matrix, HostTensor lengths) {
        return scaled(matrix, lengths.floats(), true);
    }

    /** Each column of an embedding [tokens, hidden] at its length. */
    static HostTensor ofColumns(HostTensor matrix, HostTensor lengths) {
        return scaled(matrix, lengths.floats(), false);
    }

    private static HostTensor scaled(HostTensor matrix, float[] lengths, boolean byRow) {
        float[] values = matrix.floats();
        int columns = Math.toIntExact(matrix.shape()[1]);
        double[] squares = new double[lengths.length];
        for (int i = 0; i < values.length; i++) {
            squares[byRow ? i / columns : i % columns] += (double) values[i] * values[i];
        }
        for (int i = 0; i < values.length; i++) {
            int at = byRow ? i / columns : i % columns;
            values[i] = (float) (values[i] * (lengths[at] / Math.sqrt(squares[at])));
        }
        return HostTensor.ofFloats(values, matrix.shape());
    }
}
