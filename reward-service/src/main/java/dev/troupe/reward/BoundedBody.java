package dev.troupe.reward;

import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** A reply's bytes, of which no more than the limit and one are read: one more tells that there were too many. */
final class BoundedBody implements HttpResponse.BodySubscriber<byte[]> {
    private final HttpResponse.BodySubscriber<byte[]> bytes = HttpResponse.BodySubscribers.ofByteArray();
    private long room;
    private Flow.@org.jspecify.annotations.Nullable Subscription subscription;

    BoundedBody(int limit) {
        room = limit + 1L;
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return bytes.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        bytes.onSubscribe(given);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        if (room == 0) {
            return;
        }
        for (ByteBuffer buffer : buffers) {
            buffer.limit(buffer.position() + (int) Math.min(buffer.remaining(), room));
            room -= buffer.remaining();
        }
        bytes.onNext(buffers);
        if (room == 0 && subscription != null) {
            subscription.cancel();
            bytes.onComplete();
        }
    }

    @Override
    public void onError(Throwable failure) {
        bytes.onError(failure);
    }

    @Override
    public void onComplete() {
        bytes.onComplete();
    }
}
