//! Enums that survive the provider's next value.

/// A value that the provider sends and this version does not know.
///
/// Opaque on purpose: match on the text with `as_str()` of the enum, so that code keeps working when the value gets a
/// variant of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    #[doc(hidden)]
    #[must_use]
    pub fn __new(value: &str) -> Self {
        Self(value.into())
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

/// Declares an open string enum: known values are variants, every other value is kept.
///
/// ```
/// integrations_core::open_enum! {
///     /// Which way a message went.
///     pub enum Direction {
///         /// To us.
///         Inbound = "inbound",
///         /// From us.
///         Outbound = "outbound",
///     }
/// }
/// let known: Direction = serde_json::from_str("\"inbound\"").unwrap();
/// assert_eq!(known, Direction::Inbound);
/// let new: Direction = serde_json::from_str("\"sideways\"").unwrap();
/// assert_eq!(new.as_str(), "sideways");
/// ```
#[macro_export]
macro_rules! open_enum {
    ($($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)+
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value that this version does not know; read it with [`as_str`](Self::as_str).
            Unknown($crate::UnknownValue),
        }

        impl $name {
            /// Every value that this version knows, as the provider writes it.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// The value as the provider writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(value) => value.__as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($text $(| $alias)* => Self::$variant,)+
                    other => Self::Unknown($crate::UnknownValue::__new(other)),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::lenient::Lenient for $name {
            fn read<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Option<Self>, D::Error> {
                Ok($crate::lenient::string_option(deserializer)?.map(Self::from))
            }

            fn read_item<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Option<Self>, D::Error> {
                Ok($crate::lenient::text_item(deserializer)?.map(Self::from))
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::lenient::string(deserializer).map(|text| Self::from(text.as_str()))
            }
        }
    )+};
}
