package dev.troupe.data.sources;

import java.util.List;
import java.util.SplittableRandom;

/** A finite list read in epochs, each in an order of its own that (seed, epoch) determines. */
final class ShuffledRows<T> implements Source<T> {
    private final String name;
    private final List<T> rows;
    private final long seed;
    private long epoch = -1;
    private int[] order = new int[0];

    ShuffledRows(String name, List<T> rows, long seed) {
        this.name = name;
        this.rows = List.copyOf(rows);
        this.seed = seed;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long size() {
        return rows.size();
    }

    @Override
    public T draw(long n) {
        return rows.get(index(n / rows.size(), (int) (n % rows.size())));
    }

    private synchronized int index(long wanted, int position) {
        if (wanted != epoch) {
            order = shuffled(wanted);
            epoch = wanted;
        }
        return order[position];
    }

    private int[] shuffled(long wanted) {
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + wanted);
        int[] made = new int[rows.size()];
        for (int i = 0; i < made.length; i++) {
            int j = random.nextInt(i + 1);
            made[i] = made[j];
            made[j] = i;
        }
        return made;
    }
}
