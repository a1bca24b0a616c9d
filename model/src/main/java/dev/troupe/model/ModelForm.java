package dev.troupe.model;

import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a set of tensors that is trained, published and saved is: a whole model's weights, or those of an adapter over a
 * base that is held here. Whoever passes sets on need not know which.
 */
public sealed interface ModelForm permits WholeModel, AdaptedModel {
    /** The shape of the model that the set makes. */
    ModelConfig config();

    /** A decoder with these tensors; names and shapes must be this form's. */
    Decoder decoder(TensorSet tensors, boolean trainable);

    /** An engine that generates with these tensors, as {@link DecodeEngine#open}. */
    DecodeEngine engine(TensorSet tensors, int slots, int length, SamplingConfig sampling);

    /** Reads what {@link #save} wrote; an error names the file. */
    TensorSet read(Path folder);

    /** Writes a folder that transformers or peft loads, tokenizer files copied from another one unless that is null. */
    void save(Path folder, TensorSet tensors, @Nullable Path tokenizerFrom);
}
