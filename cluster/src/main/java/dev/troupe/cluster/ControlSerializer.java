package dev.troupe.cluster;

import akka.actor.ExtendedActorSystem;
import akka.serialization.SerializerWithStringManifest;
import akka.serialization.jackson.JacksonObjectMapperProvider;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import dev.troupe.cluster.protocol.Control;
import java.io.IOException;
import java.util.Optional;

/**
 * Writes {@link Control} messages as CBOR and refuses every one above {@link #MAX_BYTES}: what is large travels over
 * Aeron. Java serialization is off, so nothing else gets through, and a manifest that names another class is refused
 * before that class is loaded.
 */
public final class ControlSerializer extends SerializerWithStringManifest {
    /** Largest control message, in bytes. */
    public static final int MAX_BYTES = 16 * 1024;

    /** On the wire beside every message; above 40, which Akka keeps for itself. */
    private static final int IDENTIFIER = 770_001;

    private static final String BINDING = "troupe-control";

    private final ObjectMapper cbor;

    /** Called by Akka by reflection. */
    public ControlSerializer(ExtendedActorSystem system) {
        cbor = JacksonObjectMapperProvider.get(system).getOrCreate(BINDING, Optional.of(new CBORFactory()));
    }

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return message.getClass().getName();
    }

    @Override
    public byte[] toBinary(Object message) {
        String type = message.getClass().getName();
        if (!(message instanceof Control)) {
            throw new IllegalArgumentException(type + " is no control message: it must not cross between nodes");
        }
        try {
            byte[] bytes = cbor.writeValueAsBytes(message);
            refuseLarge(bytes.length, type);
            return bytes;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("control message " + type + " cannot be written: " + e.getMessage(), e);
        }
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) {
        refuseLarge(bytes.length, manifest);
        try {
            return cbor.readValue(bytes, controlClass(manifest));
        } catch (IOException e) {
            throw new IllegalArgumentException("control message " + manifest + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Class<? extends Control> controlClass(String manifest) {
        if (!manifest.startsWith("dev.troupe.")) {
            throw new IllegalArgumentException("\"" + manifest + "\" is no control message of a troupe");
        }
        try {
            return Class.forName(manifest, false, ControlSerializer.class.getClassLoader())
                    .asSubclass(Control.class);
        } catch (ClassNotFoundException | ClassCastException e) {
            throw new IllegalArgumentException(
                    "\"" + manifest + "\" is no control message this version knows: run the same version on every node",
                    e);
        }
    }

    private static void refuseLarge(int bytes, String type) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException("control message " + type + " takes " + bytes + " bytes, more than the "
                    + MAX_BYTES + " that may travel over Akka: send its bulk over Aeron");
        }
    }
}
