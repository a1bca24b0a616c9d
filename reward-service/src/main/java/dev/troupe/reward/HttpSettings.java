package dev.troupe.reward;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Set;

/**
 * How remote services are asked; {@code troupe/reward-service.conf} documents every key.
 *
 * @param concurrency samples under way at once, at each service
 * @param attempts requests for one sample
 * @param backoff pause before the second attempt; it doubles with each further one
 */
public record HttpSettings(int concurrency, int attempts, Duration backoff) {
    private static final Set<String> LOOPBACK = Set.of("localhost", "[::1]");

    /** Checks each value; the error names the key. */
    public HttpSettings {
        RewardSettings.atLeastOne("reward.http.concurrency", concurrency);
        RewardSettings.atLeastOne("reward.http.attempts", attempts);
        if (backoff.isNegative()) {
            throw new IllegalArgumentException("reward.http.backoff = " + backoff + ": expected no less than 0");
        }
    }

    /**
     * The address of a service. What a model writes, and what decides how it learns, does not travel in the clear:
     * {@code http} is for this machine only, and a password has no place in a run's configuration.
     *
     * @param key that names it, for the error
     * @throws IllegalArgumentException when it is no address, or none that is allowed
     */
    static URI address(String key, String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    key + " = " + text + ": not a URL (" + e.getReason() + "); expected https://HOST/PATH", e);
        }
        boolean secure = "https".equals(uri.getScheme());
        String host = uri.getHost();
        if (host == null || !(secure || "http".equals(uri.getScheme()))) {
            throw new IllegalArgumentException(
                    key + " = " + text + ": expected https://HOST/PATH, or http://127.0.0.1:PORT/PATH on this machine");
        }
        if (uri.getUserInfo() != null) {
            throw new IllegalArgumentException(key + ": a password in the URL would be written to the run's"
                    + " config.conf and logs; expected a URL without one");
        }
        if (!secure && !LOOPBACK.contains(host) && !host.matches("127\\.\\d+\\.\\d+\\.\\d+")) {
            throw new IllegalArgumentException(key + " = " + text + ": plain http leaves this machine unencrypted and"
                    + " anyone between could set the rewards; expected https, or http to 127.0.0.1 (a tunnel, say)");
        }
        return uri;
    }
}
