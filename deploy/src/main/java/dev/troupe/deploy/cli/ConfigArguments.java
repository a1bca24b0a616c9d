package dev.troupe.deploy.cli;

import dev.troupe.deploy.settings.SettingsException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands on a command line as {@code [CONFIG] [KEY=VALUE ...]}.
 *
 * @param config null if none is named
 */
record ConfigArguments(@Nullable String config, List<String> overrides) {

    /** Tells them apart; more than one configuration is refused. */
    static ConfigArguments of(List<String> arguments) {
        String config = null;
        List<String> overrides = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.indexOf('=') > 0) {
                overrides.add(argument);
            } else if (config == null) {
                config = argument;
            } else {
                throw new SettingsException("two configurations, " + config + " and " + argument
                        + ": one is enough; settings are written KEY=VALUE");
            }
        }
        return new ConfigArguments(config, overrides);
    }
}
