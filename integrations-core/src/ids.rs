//! Identifiers that are never mixed up: one newtype per thing.

/// Declares a provider's id: a string newtype that also reads JSON numbers, since providers answer both.
///
/// ```
/// integrations_core::id! {
///     /// A contact at the provider.
///     pub struct ContactId;
/// }
/// let id: ContactId = serde_json::from_str("12").unwrap();
/// assert_eq!(id, ContactId::from("12"));
/// assert_eq!(id.as_str(), "12");
/// ```
#[macro_export]
macro_rules! id {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, $crate::__private::serde::Serialize)]
        #[serde(crate = "::integrations_core::__private::serde", transparent)]
        $vis struct $name(::std::string::String);

        impl $name {
            /// The id as the provider writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        $crate::__string_newtype!($name);

        impl $crate::lenient::Lenient for $name {
            fn read<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Option<Self>, D::Error> {
                Ok($crate::lenient::string_option(deserializer)?.map(Self))
            }

            fn read_item<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Option<Self>, D::Error> {
                Ok($crate::lenient::text_item(deserializer)?.map(Self))
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::lenient::string(deserializer).map(Self)
            }
        }
    )+};
}

/// Declares one of our own ids: a UUID version 7, ordered by time of creation.
#[macro_export]
macro_rules! uuid_id {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::__private::serde::Serialize, $crate::__private::serde::Deserialize,
        )]
        #[serde(crate = "::integrations_core::__private::serde", transparent)]
        $vis struct $name($crate::__private::uuid::Uuid);

        impl $name {
            /// A new id, greater than every id made before it in this process.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default id would be a different one each time")]
            pub fn new() -> Self {
                Self($crate::__private::uuid::Uuid::now_v7())
            }

            /// The id as a UUID.
            #[must_use]
            pub fn as_uuid(&self) -> $crate::__private::uuid::Uuid {
                self.0
            }
        }

        impl From<$crate::__private::uuid::Uuid> for $name {
            fn from(id: $crate::__private::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::__private::uuid::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __string_newtype {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.as_str().into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

uuid_id! {
    /// One tenant's connection to one provider.
    pub struct IntegrationId;
    /// One stored webhook event.
    pub struct EventId;
    /// One row of the audit trail.
    pub struct AuditId;
    /// One template.
    pub struct TemplateId;
}

/// The application's own name for a customer: every stored row belongs to one.
///
/// Any non-empty text of at most 128 bytes without control characters: a number, a slug, a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(std::sync::Arc<str>);

impl TenantId {
    /// Checks and wraps the application's id.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when it is empty, longer than 128 bytes, or holds a
    /// control character.
    pub fn new(id: impl AsRef<str>) -> crate::Result<Self> {
        let id = id.as_ref();
        if id.is_empty() || id.len() > 128 || id.chars().any(char::is_control) {
            return Err(crate::Error::new(
                crate::ErrorKind::Validation,
                "a tenant id is 1 to 128 bytes of text without control characters",
            ));
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TenantId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for TenantId {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        Self::new(text)
    }
}

impl serde::Serialize for TenantId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = crate::lenient::string(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "what the macro writes is public")]
mod tests {
    use super::*;

    crate::id! {
        /// A thing.
        pub struct ThingId;
    }

    #[test]
    fn an_id_is_made_of_any_text() {
        let text = "t1".to_owned();
        let id = ThingId::from(&text);
        assert_eq!(id, ThingId::from("t1"));
        assert_eq!(id, ThingId::from(text));
        assert_eq!(id, ThingId::from(&id));
        assert_eq!(id.as_ref(), id.to_string());
    }

    #[test]
    fn uuid_ids_grow() {
        let (a, b) = (EventId::new(), EventId::new());
        assert!(a < b);
        assert_eq!(a.to_string().parse::<EventId>().unwrap(), a);
    }

    #[test]
    fn tenant_ids_are_checked() {
        assert!(TenantId::new("").is_err());
        assert!(TenantId::new("a\nb").is_err());
        assert!(TenantId::new("x".repeat(129)).is_err());
        assert_eq!(TenantId::new("42").unwrap().as_str(), "42");
        assert_eq!(
            serde_json::from_str::<TenantId>("42").unwrap().as_str(),
            "42"
        );
        assert!(serde_json::from_str::<TenantId>("\"\"").is_err());
    }
}
