package dev.troupe.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.Ack;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.MessageType;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.proto.v1.WeightChunk;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The frame of every message on Aeron. Decoding checks size, schema version, type and CRC-32C of the body; the body is
 * checked as a whole too (see {@link Bodies}). Unknown fields are dropped.
 */
public final class Envelopes {
    /** Largest frame in bytes: what Aeron can carry at most as one message. */
    public static final int MAX_BYTES = 16 * 1024 * 1024;

    private static final Parser<Envelope> ENVELOPE = DiscardUnknownFieldsParser.wrap(Envelope.parser());

    private Envelopes() {}

    /**
     * Frames a message.
     *
     * @param producer who sends and where its acknowledgements go
     * @param incarnation differs for every start of the producer
     * @param sequence 1, 2, 3 ... for each (producer, incarnation, stream, receiver); 0 without acknowledgement
     * @param policyVersion version of the policy the message belongs to
     * @param body one of the messages that {@link MessageType} names
     * @throws WireException TYPE for any other message
     */
    public static Envelope envelope(
            Address producer, long incarnation, long sequence, long policyVersion, Message body) {
        ByteString bytes = body.toByteString();
        return Envelope.newBuilder()
                .setSchemaVersion(SchemaVersion.CURRENT)
                .setType(typeOf(body))
                .setProducer(producer)
                .setIncarnation(incarnation)
                .setSequence(sequence)
                .setPolicyVersion(policyVersion)
                .setBodyCrc32C(Tensors.crc32c(bytes))
                .setBody(bytes)
                .build();
    }

    /**
     * The bytes of an envelope.
     *
     * @throws WireException TOO_LARGE beyond {@link #MAX_BYTES}
     */
    public static byte[] encode(Envelope envelope) {
        int size = envelope.getSerializedSize();
        if (size > MAX_BYTES) {
            throw new WireException(Code.TOO_LARGE, "an envelope of " + size + " bytes, at most " + MAX_BYTES);
        }
        return envelope.toByteArray();
    }

    /**
     * Reads an envelope from the buffer's position to its limit; the bytes are copied once.
     *
     * @throws WireException of any code
     */
    public static Envelope decode(ByteBuffer bytes) {
        if (bytes.remaining() > MAX_BYTES) {
            throw new WireException(Code.TOO_LARGE, "a frame of " + bytes.remaining() + " bytes, at most " + MAX_BYTES);
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return decode(copy);
    }

    /**
     * Reads an envelope. The array is shared with the result and must not change any more.
     *
     * @throws WireException of any code
     */
    public static Envelope decode(byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw new WireException(Code.TOO_LARGE, "a frame of " + bytes.length + " bytes, at most " + MAX_BYTES);
        }
        Envelope envelope = parse(ENVELOPE, UnsafeByteOperations.unsafeWrap(bytes), "envelope");
        if (envelope.getSchemaVersion() != SchemaVersion.CURRENT) {
            throw new WireException(
                    Code.UNKNOWN_VERSION,
                    "schema version " + Integer.toUnsignedString(envelope.getSchemaVersion()) + ", this build knows "
                            + SchemaVersion.CURRENT);
        }
        if (envelope.getType() == MessageType.MESSAGE_TYPE_UNSPECIFIED
                || envelope.getType() == MessageType.UNRECOGNIZED) {
            throw new WireException(Code.TYPE, "message type " + envelope.getTypeValue());
        }
        if (!envelope.hasProducer() || envelope.getProducer().getPort() < 0) {
            throw new WireException(Code.MALFORMED, "an envelope without the address of its producer");
        }
        if (envelope.getSequence() < 0 || envelope.getPolicyVersion() < 0) {
            throw new WireException(Code.MALFORMED, "a sequence or policy version beyond 2^63");
        }
        int crc = Tensors.crc32c(envelope.getBody());
        if (crc != envelope.getBodyCrc32C()) {
            throw new WireException(
                    Code.CHECKSUM,
                    "CRC-32C of the body is " + Integer.toHexString(crc) + ", the envelope says "
                            + Integer.toHexString(envelope.getBodyCrc32C()));
        }
        return envelope;
    }

    /**
     * The message inside, parsed and sound: its tensors are verified and their lengths fit each other.
     *
     * @throws WireException of any code
     */
    public static Message body(Envelope envelope) {
        ByteString bytes = envelope.getBody();
        return switch (envelope.getType()) {
            case MESSAGE_TYPE_ACK -> Bodies.check(parse(Ack.parser(), bytes));
            case MESSAGE_TYPE_LEASE_GRANT -> Bodies.check(parse(LeaseGrant.parser(), bytes));
            case MESSAGE_TYPE_TRAJECTORY -> Bodies.check(parse(Trajectory.parser(), bytes));
            case MESSAGE_TYPE_SCORE_REQUEST -> Bodies.check(parse(ScoreRequest.parser(), bytes));
            case MESSAGE_TYPE_SCORE_ANSWER -> Bodies.check(parse(ScoreAnswer.parser(), bytes));
            case MESSAGE_TYPE_WEIGHT_CHUNK -> Bodies.check(parse(WeightChunk.parser(), bytes));
            default -> throw new WireException(Code.TYPE, "message type " + envelope.getTypeValue());
        };
    }

    /**
     * What an envelope calls this message.
     *
     * @throws WireException TYPE for a message that does not travel by itself
     */
    public static MessageType typeOf(Message body) {
        if (body instanceof Trajectory) {
            return MessageType.MESSAGE_TYPE_TRAJECTORY;
        } else if (body instanceof Ack) {
            return MessageType.MESSAGE_TYPE_ACK;
        } else if (body instanceof LeaseGrant) {
            return MessageType.MESSAGE_TYPE_LEASE_GRANT;
        } else if (body instanceof ScoreRequest) {
            return MessageType.MESSAGE_TYPE_SCORE_REQUEST;
        } else if (body instanceof ScoreAnswer) {
            return MessageType.MESSAGE_TYPE_SCORE_ANSWER;
        } else if (body instanceof WeightChunk) {
            return MessageType.MESSAGE_TYPE_WEIGHT_CHUNK;
        }
        throw new WireException(
                Code.TYPE, body.getDescriptorForType().getFullName() + " does not travel in an envelope");
    }

    private static <T extends Message> T parse(Parser<T> parser, ByteString bytes) {
        return parse(DiscardUnknownFieldsParser.wrap(parser), bytes, "body");
    }

    static <T> T parse(Parser<T> parser, ByteString bytes, String what) {
        try {
            CodedInputStream input = bytes.newCodedInput();
            input.enableAliasing(true);
            T message = parser.parseFrom(input);
            input.checkLastTagWas(0);
            return message;
        } catch (InvalidProtocolBufferException e) {
            throw new WireException(Code.MALFORMED, "not a sound " + what + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new WireException(Code.MALFORMED, "unreadable " + what + ": " + e.getMessage(), e);
        }
    }
}
