package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    @Test
    void shouldKeepEveryHalfThroughFloat() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            short half = (short) bits;
            float f16 = HalfFloats.fromF16(half);
            float bf16 = HalfFloats.fromBf16(half);
            if (!Float.isNaN(f16)) {
                assertThat(HalfFloats.toF16(f16)).isEqualTo(half);
            } else {
                assertThat(HalfFloats.fromF16(HalfFloats.toF16(f16))).isNaN();
            }
            if (!Float.isNaN(bf16)) {
                assertThat(HalfFloats.toBf16(bf16)).isEqualTo(half);
            } else {
                assertThat(HalfFloats.fromBf16(HalfFloats.toBf16(bf16))).isNaN();
            }
        }
    }

    /** Half way between two neighbours goes to the even one; a float to either side of it to the nearer. */
    @Test
    void shouldRoundToTheNearestAndTiesToEven() {
        for (int bits = 0; bits < 0x7BFF; bits++) {
            double middle = ((double) HalfFloats.fromF16((short) bits) + HalfFloats.fromF16((short) (bits + 1))) / 2;
            assertThat(HalfFloats.toF16((float) middle)).isEqualTo((short) (bits + (bits & 1)));
            assertThat(HalfFloats.toF16(Math.nextDown((float) middle))).isEqualTo((short) bits);
            assertThat(HalfFloats.toF16(Math.nextUp((float) middle))).isEqualTo((short) (bits + 1));
        }
        for (int bits = 0; bits < 0x7F7F; bits++) {
            double middle = ((double) HalfFloats.fromBf16((short) bits) + HalfFloats.fromBf16((short) (bits + 1))) / 2;
            assertThat(HalfFloats.toBf16((float) middle)).isEqualTo((short) (bits + (bits & 1)));
            assertThat(HalfFloats.toBf16(Math.nextUp((float) middle))).isEqualTo((short) (bits + 1));
        }
        assertThat(HalfFloats.fromF16(HalfFloats.toF16(65519.9f))).isEqualTo(65504f);
        assertThat(HalfFloats.fromF16(HalfFloats.toF16(65520f))).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(HalfFloats.fromF16(HalfFloats.toF16(-1e30f))).isEqualTo(Float.NEGATIVE_INFINITY);
    }
}
