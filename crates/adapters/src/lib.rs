//! Ports made real: cue, tofu, OpenID Connect, the hand-over client.
