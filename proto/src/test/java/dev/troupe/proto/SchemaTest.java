package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.MessageType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The house rules of the schema, read from its descriptors. */
class SchemaTest {
    @Test
    void shouldStartEveryEnumAtUnspecified() {
        for (EnumDescriptor type : Envelope.getDescriptor().getFile().getEnumTypes()) {
            String prefix =
                    type.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
            assertThat(type.findValueByNumber(0).getName()).isEqualTo(prefix + "_UNSPECIFIED");
            assertThat(type.getValues()).allMatch(value -> value.getName().startsWith(prefix));
        }
        assertThat(Envelope.getDescriptor().getFile().getEnumTypes()).hasSizeGreaterThanOrEqualTo(4);
    }

    @Test
    void shouldRepeatNoNumbersOutsideTensorsAndEnums() {
        Set<String> shapes = Set.of("troupe.v1.Tensor.shape", "troupe.v1.TensorSetHeader.Entry.shape");
        for (Descriptor message : Envelope.getDescriptor().getFile().getMessageTypes()) {
            for (FieldDescriptor field : message.getFields()) {
                boolean number = Set.of(FieldDescriptor.JavaType.INT, FieldDescriptor.JavaType.LONG)
                                .contains(field.getJavaType())
                        || Set.of(FieldDescriptor.JavaType.FLOAT, FieldDescriptor.JavaType.DOUBLE)
                                .contains(field.getJavaType());
                assertThat(field.isRepeated() && number && !shapes.contains(field.getFullName()))
                        .as(field.getFullName())
                        .isFalse();
            }
        }
    }

    @Test
    void shouldHaveASampleOfEveryMessageType() {
        Set<MessageType> sampled =
                Samples.messages().values().stream().map(Envelopes::typeOf).collect(Collectors.toSet());
        for (MessageType type : MessageType.values()) {
            boolean real = type != MessageType.UNRECOGNIZED && type != MessageType.MESSAGE_TYPE_UNSPECIFIED;
            assertThat(sampled.contains(type)).as(type.name()).isEqualTo(real);
        }
    }

    /** Older samples stay as they are; a field that came later is set in a sample of its own. */
    @Test
    void shouldSetEveryFieldInSomeSample() {
        Map<Descriptor, Set<FieldDescriptor>> set = new HashMap<>();
        Samples.messages()
                .values()
                .forEach(message -> set.computeIfAbsent(message.getDescriptorForType(), t -> new HashSet<>())
                        .addAll(message.getAllFields().keySet()));
        set.forEach((type, fields) -> assertThat(fields).containsAll(type.getFields()));
    }
}
