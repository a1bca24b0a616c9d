package dev.troupe.transport;

import java.net.InetSocketAddress;

/** A receiver in a process of its own: prints its port and every trajectory that it acknowledges. */
final class ReceiverProcess {
    private ReceiverProcess() {}

    /** @param args host, port (0 for any), how many to acknowledge before it only listens, folder of the driver */
    public static void main(String[] args) throws InterruptedException {
        AeronNode node = AeronNode.start(Fixtures.settings("transport.directory = \"" + args[3] + "\""));
        Station station = node.open("learner", new InetSocketAddress(args[0], Integer.parseInt(args[1])));
        int limit = Integer.parseInt(args[2]);
        int[] taken = {0};
        station.receive(Stream.TRAJECTORIES, delivery -> {
            if (taken[0]++ < limit) {
                System.out.println("got " + Fixtures.draw(delivery));
                System.out.flush();
                delivery.ack(ProcessHandle.current().pid(), 0);
            }
        });
        System.out.println("port " + station.address().getPort());
        System.out.flush();
        Thread.currentThread().join();
    }
}
