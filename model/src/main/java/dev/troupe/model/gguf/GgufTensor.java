package dev.troupe.model.gguf;

/**
 * A tensor's line in the header of a GGUF file.
 *
 * @param shape row-major, as Hugging Face writes it (the file has it turned around)
 * @param offset first byte, from the beginning of the file
 * @param bytes length of its data
 */
@SuppressWarnings("ArrayRecordComponent") // lives only while its file is read
record GgufTensor(String name, GgufType type, long[] shape, long offset, long bytes) {
    /** Number of elements; at most 2^29, checked when the header was read. */
    int elements() {
        long product = 1;
        for (long dimension : shape) {
            product *= dimension;
        }
        return (int) product;
    }
}
