package dev.troupe.deploy.cli;

import dev.troupe.model.Dtype;
import dev.troupe.model.ModelException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code --dtype}. */
final class DtypeOption implements ITypeConverter<Dtype> {
    @Override
    public Dtype convert(String value) {
        try {
            return Dtype.of("--dtype", value);
        } catch (ModelException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
