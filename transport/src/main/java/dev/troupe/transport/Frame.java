package dev.troupe.transport;

import com.google.protobuf.CodedOutputStream;
import dev.troupe.proto.v1.Envelope;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Where the send thread lays a message before it offers it; one for all outboxes. */
final class Frame {
    private final byte[] bytes;
    private final UnsafeBuffer view;

    Frame(int maxBytes) {
        this.bytes = new byte[maxBytes];
        this.view = new UnsafeBuffer(bytes);
    }

    /** Writes the envelope and returns its length. */
    int write(Envelope envelope) {
        int length = envelope.getSerializedSize();
        CodedOutputStream output = CodedOutputStream.newInstance(bytes, 0, length);
        try {
            envelope.writeTo(output);
            output.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("an envelope of " + length + " bytes", e);
        }
        return length;
    }

    DirectBuffer buffer() {
        return view;
    }
}
