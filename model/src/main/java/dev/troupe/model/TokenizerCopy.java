package dev.troupe.model;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The files of a tokenizer, copied from one model folder into another. */
final class TokenizerCopy {
    private static final List<String> FILES = List.of(
            TokenizerFiles.TOKENIZER,
            TokenizerFiles.SETTINGS,
            "special_tokens_map.json",
            "added_tokens.json",
            "generation_config.json",
            "tokenizer.model",
            ChatTemplates.FILE,
            ChatTemplates.PROCESSORS);

    private TokenizerCopy() {}

    /** Those that there are; what the target has under their names is replaced. */
    static void copy(Path from, Path to) throws IOException {
        for (String name : FILES) {
            if (Files.exists(from.resolve(name))) {
                Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Path templates = from.resolve(ChatTemplates.FOLDER);
        if (Files.isDirectory(templates)) {
            Path into = Files.createDirectories(to.resolve(ChatTemplates.FOLDER));
            try (DirectoryStream<Path> files = Files.newDirectoryStream(templates, "*.jinja")) {
                for (Path file : files) {
                    Files.copy(file, into.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }
}
