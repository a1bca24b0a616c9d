package dev.troupe.model.gguf;

/**
 * One quantised block to the numbers it stands for, to the bit of llama.cpp's reference: the products of an F16 scale,
 * a small scale and a code are exact in float, so at most one operation rounds, whatever a compiler fuses.
 */
@FunctionalInterface
interface BlockDecoder {
    /**
     * @param block the bytes of one block
     * @param values gets all its numbers
     */
    void decode(byte[] block, float[] values);
}
