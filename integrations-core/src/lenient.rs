//! Readers for what providers really send: numbers as strings, strings as numbers, 0/1 booleans, times in many forms.
//!
//! Use with `#[serde(deserialize_with = "integrations_core::lenient::string")]`, or the `_option` form together with
//! `#[serde(default)]`. The option forms turn a value of a hopeless type into `None` only where they say so.

mod field;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

#[cfg(feature = "http")]
pub(crate) use field::TOO_MANY;
pub use field::{Absent, Field, Lenient, MAX_ITEMS, Object, object, whole_object};
#[doc(hidden)]
pub use field::{keep_member, left_out, set_field};

/// Reads a string, a number or a boolean as a string.
///
/// # Errors
/// When the value is null, an array or an object.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a number")
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<String, E> {
            Ok(v.to_owned())
        }
        fn visit_string<E: de::Error>(self, v: String) -> Result<String, E> {
            Ok(v)
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<String, E> {
            Ok(v.to_string())
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<String, E> {
            Ok(v.to_string())
        }
        fn visit_f64<E: de::Error>(self, v: f64) -> Result<String, E> {
            Ok(v.to_string())
        }
        fn visit_bool<E: de::Error>(self, v: bool) -> Result<String, E> {
            Ok(v.to_string())
        }
    }
    deserializer.deserialize_any(Text)
}

/// Reads a value of whatever type; anything that is not a scalar becomes [`Scalar::Other`].
struct AnyScalar;

enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Other,
}

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Scalar, E> {
        Ok(Scalar::Int(v))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Scalar, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond i64 the value is a float to us"
        )]
        Ok(i64::try_from(v).map_or(Scalar::Float(v as f64), Scalar::Int))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(v))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(v.to_owned()))
    }
    fn visit_string<E: de::Error>(self, v: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(v))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// Reads a string or number as a string; null, arrays and objects are `None`.
///
/// # Errors
/// Only when the input is not valid at all.
pub fn string_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer.deserialize_any(AnyScalar)?))
}

/// Reads a string or number in a list of texts as a string; null is `None`.
///
/// # Errors
/// When the value is an array or an object: the list is one of something else.
pub fn text_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Other => {
            let found = de::Unexpected::Other("an object or a list");
            Err(de::Error::invalid_type(found, &"a text"))
        }
        scalar => Ok(text(scalar)),
    }
}

fn text(scalar: Scalar) -> Option<String> {
    match scalar {
        Scalar::Text(text) => Some(text),
        Scalar::Int(n) => Some(n.to_string()),
        Scalar::Float(n) => Some(n.to_string()),
        Scalar::Bool(b) => Some(b.to_string()),
        Scalar::Null | Scalar::Other => None,
    }
}

/// Reads `true`, `1`, `"true"`, `"1"`, `"yes"` and their opposites; anything else is `None`.
///
/// # Errors
/// Only when the input is not valid at all.
pub fn bool_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Bool(b) => Some(b),
        Scalar::Int(n @ (0 | 1)) => Some(n == 1),
        Scalar::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    })
}

/// Reads a whole number written as a number or a string; anything else is `None`.
///
/// # Errors
/// Only when the input is not valid at all.
pub fn i64_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Int(n) => Some(n),
        Scalar::Float(n) => whole(n),
        Scalar::Text(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse().ok().and_then(whole))
        }
        _ => None,
    })
}

/// Reads a number written as a number or a string; anything else is `None`.
///
/// # Errors
/// Only when the input is not valid at all.
pub fn f64_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        #[expect(clippy::cast_precision_loss, reason = "the field is a float")]
        Scalar::Int(n) => Some(n as f64),
        Scalar::Float(n) => Some(n),
        Scalar::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    })
}

/// Reads a time in any form that [`parse_timestamp`] knows, or epoch seconds or milliseconds; anything else is `None`.
///
/// Numbers below 10^11 are seconds, the others milliseconds: see [`parse_timestamp`].
///
/// # Errors
/// Only when the input is not valid at all.
pub fn timestamp_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(match deserializer.deserialize_any(AnyScalar)? {
        Scalar::Int(n) => epoch(n),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be in range by epoch"
        )]
        Scalar::Float(n) if n.is_finite() => epoch(n as i64),
        Scalar::Text(text) => parse_timestamp(&text),
        _ => None,
    })
}

/// Reads one value or a list as a list; null is an empty list.
///
/// # Errors
/// When an element has the wrong type.
pub fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct OneOrMany<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("one value or a list")
        }
        fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<Vec<T>, E> {
            T::deserialize(de::value::StrDeserializer::new(v)).map(|one| vec![one])
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<Vec<T>, E> {
            T::deserialize(de::value::I64Deserializer::new(v)).map(|one| vec![one])
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<Vec<T>, E> {
            T::deserialize(de::value::U64Deserializer::new(v)).map(|one| vec![one])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Vec<T>, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(de::value::MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
    }
    deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
}

/// Reads null as the type's default.
///
/// # Errors
/// When the value is neither null nor a `T`.
pub fn null_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a time as providers write it: RFC 3339 with its variants (`Z`, `+0000`, no seconds, a space for the `T`),
/// without a zone (taken as UTC), a bare date (midnight UTC), or epoch seconds or milliseconds in digits.
///
/// Digits below 10^11 are seconds, the others milliseconds, also before 1970. So seconds are right until the year 5138,
/// and milliseconds of the years 1966 to 1973 are not: one day of them is read as a thousand. Dates of birth in epoch
/// milliseconds need a reader of their own.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        // An eight-digit text is the basic form of a date, not the year 1970.
        if text.len() != 8 {
            return text.parse().ok().and_then(epoch);
        }
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let naive = text.strip_suffix('Z').unwrap_or(text);
    naive
        .parse::<DateTime>()
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn whole(n: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "in range and whole, as checked"
    )]
    (n.fract() == 0.0 && n.abs() < 9.0e15).then_some(n as i64)
}

/// Values from 10^11 on are milliseconds: as seconds they would lie beyond the year 5138.
fn epoch(n: i64) -> Option<Timestamp> {
    if n.unsigned_abs() >= 100_000_000_000 {
        Timestamp::from_millisecond(n).ok()
    } else {
        Timestamp::from_second(n).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Loose {
        #[serde(default, deserialize_with = "string_option")]
        text: Option<String>,
        #[serde(default, deserialize_with = "bool_option")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "i64_option")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "timestamp_option")]
        at: Option<Timestamp>,
        #[serde(default, deserialize_with = "one_or_many")]
        to: Vec<String>,
    }

    fn read(json: &str) -> Loose {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn scalars_in_any_dress() {
        let loose = read(r#"{"text":5,"flag":"1","count":"12","at":1700000000000,"to":"a"}"#);
        assert_eq!(loose.text.as_deref(), Some("5"));
        assert_eq!(loose.flag, Some(true));
        assert_eq!(loose.count, Some(12));
        assert_eq!(loose.at, Some("2023-11-14T22:13:20Z".parse().unwrap()));
        assert_eq!(loose.to, ["a"]);
    }

    #[test]
    fn hopeless_values_are_none() {
        let loose = read(r#"{"text":{"a":1},"flag":[],"count":"x","at":"soon","to":null}"#);
        assert_eq!(loose, read("{}"));
    }

    #[test]
    fn times_in_many_forms() {
        let expected: Timestamp = "2026-11-21T02:13:46Z".parse().unwrap();
        for text in [
            "2026-11-21T02:13:46Z",
            "2026-11-21T02:13:46+0000",
            "2026-11-21 02:13:46",
            "2026-11-21T02:13:46",
            "2026-11-21T03:13:46+01:00",
            "1795227226",
            "1795227226000",
            " 2026-11-21T02:13:46.000Z ",
        ] {
            assert_eq!(parse_timestamp(text), Some(expected), "{text}");
        }
        assert_eq!(
            parse_timestamp("2026-11-21"),
            Some("2026-11-21T00:00:00Z".parse().unwrap())
        );
        assert_eq!(
            parse_timestamp("20261121"),
            Some("2026-11-21T00:00:00Z".parse().unwrap())
        );
        for number in [
            i64::MIN.to_string(),
            i64::MAX.to_string(),
            "-4.5e51".to_owned(),
        ] {
            let json = format!(r#"{{"at":{number}}}"#);
            assert_eq!(read(&json).at, None, "{number}");
        }
        // The boundary between seconds and milliseconds.
        let before: Timestamp = "5138-11-16T09:46:39Z".parse().unwrap();
        assert_eq!(parse_timestamp("99999999999"), Some(before));
        let behind: Timestamp = "1973-03-03T09:46:40Z".parse().unwrap();
        assert_eq!(parse_timestamp("100000000000"), Some(behind));
        for text in ["", "soon", "2026-13-01", "99999999999999999999"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
