//! Points in time: integer milliseconds in the database, RFC 3339 on the wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// Serialised as an RFC 3339 string in UTC with millisecond precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "db", derive(sea_orm::DeriveValueType))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment plus a number of seconds (negative: before).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1000)
    }

    /// Milliseconds from `earlier` to this moment; negative when it lies after.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    fn date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `2026-11-24T09:36:05Z`, for `datetime` attributes and APIs.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.date_time()
            .format(&Rfc3339)
            .unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
    }

    /// `24 Nov 2026, 09:36:05 UTC`, the exact time for a person.
    #[must_use]
    pub fn exact(self) -> String {
        self.date_time()
            .format(format_description!(
                "[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC"
            ))
            .unwrap_or_default()
    }

    /// The moment as a person says it, seen from `now`: `just now`, `6 s ago`,
    /// `4 min ago`, `today 09:31`, `18 Nov 21:04`, `18 Nov 2025`; a future one is
    /// `in 4 min`.
    #[must_use]
    pub fn relative_to(self, now: Self) -> String {
        let seconds = now.millis_since(self).div_euclid(1000);
        let at = self.date_time();
        let today = now.date_time();
        match seconds {
            i64::MIN..=-86_400 => self.day(at, today),
            -86_399..=-3_600 => format!("in {} h", -seconds / 3_600),
            -3_599..=-60 => format!("in {} min", -seconds / 60),
            -59..=-2 => format!("in {} s", -seconds),
            -1..=1 => "just now".to_owned(),
            2..=59 => format!("{seconds} s ago"),
            60..=3_599 => format!("{} min ago", seconds / 60),
            _ if at.date() == today.date() => {
                format!("today {:02}:{:02}", at.hour(), at.minute())
            }
            _ => self.day(at, today),
        }
    }

    fn day(self, at: OffsetDateTime, today: OffsetDateTime) -> String {
        let pattern = if at.year() == today.year() {
            format_description!(
                version = 2,
                "[day padding:none] [month repr:short] [hour]:[minute]"
            )
        } else {
            format_description!(version = 2, "[day padding:none] [month repr:short] [year]")
        };
        at.format(pattern).unwrap_or_default()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at = OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)?;
        i64::try_from(at.unix_timestamp_nanos() / 1_000_000)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    const NOON: Timestamp = Timestamp(1_795_521_600_000); // 2026-11-24T12:00:00Z

    #[test]
    fn relative_times_read_as_a_person_says_them() {
        for (seconds_ago, said) in [
            (0, "just now"),
            (6, "6 s ago"),
            (240, "4 min ago"),
            (8_940, "today 09:31"),
            (86_400 * 6, "18 Nov 12:00"),
            (86_400 * 400, "20 Oct 2025"),
            (-240, "in 4 min"),
        ] {
            assert_eq!(NOON.plus_seconds(-seconds_ago).relative_to(NOON), said);
        }
    }

    #[test]
    fn the_wire_form_keeps_milliseconds() {
        let at = Timestamp(NOON.0 + 123);
        let json = serde_json::to_string(&at).expect("a string");
        assert_eq!(json, "\"2026-11-24T12:00:00.123Z\"");
        assert_eq!(
            serde_json::from_str::<Timestamp>(&json).expect("a time"),
            at
        );
    }
}
