//! Objects of a provider's JSON, declared once.

/// Declares objects of a provider's JSON: every field may be missing, null, or a number as a text.
///
/// A field is an `Option`, a `Vec`, a `BTreeMap<String, _>`, a [`Patch`](crate::Patch), a `serde_json::Value` or a
/// `serde_json::Map`, with its name on the wire and, behind `|`, other names it is read from. What is absent is not
/// written. Unknown members are ignored. Inside, a field holds text, `bool`, `i64`, `f64`,
/// [`Timestamp`](crate::Timestamp), an [`id!`](crate::id), an [`open_enum!`](crate::open_enum) or another object.
///
/// `required { … }` before the others names what is always there and always written: reading fails without it, or when
/// it is null. With `required or left_out { … }` an object that lacks it is left out of lists and counts as null in a
/// field, and only reading it by itself fails.
///
/// `rest { … }` before the others names a `serde_json::Map` that keeps the members no field is called by, and writes them
/// back.
///
/// [`input_object!`](crate::input_object) adds setters, to build one for a request.
///
/// It stands for serde's derive because it compiles in a seventh of the time, which counts with thousands of objects.
///
/// ```
/// integrations_core::object! {
///     /// A line of an invoice.
///     pub struct Line {
///         /// What is sold.
///         name: Option<String> = "name",
///         /// How many.
///         quantity: Option<i64> = "qty" | "quantity",
///         /// Labels.
///         labels: Vec<String> = "labels",
///     }
/// }
/// let line: Line = serde_json::from_str(r#"{"qty": "3", "labels": null, "new": {}}"#).unwrap();
/// assert_eq!(line.quantity, Some(3));
/// assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"qty":3}"#);
/// ```
#[macro_export]
macro_rules! object {
    // Most have no required field, so that this is tried first.
    ($($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $outer:ident $(<$($inner:ty),+>)? = $wire:literal $(| $alias:literal)*,)*
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$fmeta])* pub $field: $outer $(<$($inner),+>)?,)*
        }

        impl $crate::lenient::Object for $name {
            fn set<'de, A: $crate::__private::serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> ::std::result::Result<bool, A::Error> {
                match name {
                    $($wire $(| $alias)* => $crate::lenient::set_field(&mut self.$field, map),)*
                    _ => {
                        let _ = map;
                        Ok(false)
                    }
                }
            }
        }

        impl $crate::lenient::Lenient for $name {
            fn read<'de, D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Option<Self>, D::Error> {
                $crate::lenient::object(deserializer)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::lenient::whole_object(deserializer)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                #[allow(unused_mut, reason = "an object may have no field")]
                let mut map = $crate::__private::serde::Serializer::serialize_map(serializer, None)?;
                $(
                    if !$crate::lenient::Absent::is_absent(&self.$field) {
                        $crate::__private::serde::ser::SerializeMap::serialize_entry(&mut map, $wire, &self.$field)?;
                    }
                )*
                $crate::__private::serde::ser::SerializeMap::end(map)
            }
        }
    )+};
    ($($(#[$meta:meta])* $vis:vis struct $name:ident {
        rest { $(#[$kmeta:meta])* $rest:ident, }
        $($(#[$fmeta:meta])* $field:ident: $outer:ident $(<$($inner:ty),+>)? = $wire:literal $(| $alias:literal)*,)*
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$fmeta])* pub $field: $outer $(<$($inner),+>)?,)*
            $(#[$kmeta])* pub $rest: $crate::model::Extra,
        }

        const _: () = {
            use $crate::__private::serde as __serde;
            use $crate::lenient as __lenient;
            use ::std::result::Result as __Result;

            impl __lenient::Object for $name {
                fn set<'de, A: __serde::de::MapAccess<'de>>(
                    &mut self,
                    name: &str,
                    map: &mut A,
                ) -> __Result<bool, A::Error> {
                    match name {
                        $($wire $(| $alias)* => __lenient::set_field(&mut self.$field, map),)*
                        _ => __lenient::keep_member(&mut self.$rest, name, map),
                    }
                }
            }

            impl __lenient::Lenient for $name {
                fn read<'de, D: __serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> __Result<Option<Self>, D::Error> {
                    __lenient::object(deserializer)
                }
            }

            impl<'de> __serde::Deserialize<'de> for $name {
                fn deserialize<D: __serde::Deserializer<'de>>(deserializer: D) -> __Result<Self, D::Error> {
                    __lenient::whole_object(deserializer)
                }
            }

            impl __serde::Serialize for $name {
                fn serialize<S: __serde::Serializer>(&self, serializer: S) -> __Result<S::Ok, S::Error> {
                    let mut map = __serde::Serializer::serialize_map(serializer, None)?;
                    $(if !__lenient::Absent::is_absent(&self.$field) {
                        __serde::ser::SerializeMap::serialize_entry(&mut map, $wire, &self.$field)?;
                    })*
                    for (name, value) in &self.$rest {
                        __serde::ser::SerializeMap::serialize_entry(&mut map, name, value)?;
                    }
                    __serde::ser::SerializeMap::end(map)
                }
            }
        };
    )+};
    ($($(#[$meta:meta])* $vis:vis struct $name:ident {
        required $(or $left_out:ident)? { $($(#[$rmeta:meta])* $req:ident: $rtype:ty = $rwire:literal $(| $ralias:literal)*,)+ }
        $($(#[$fmeta:meta])* $field:ident: $outer:ident $(<$($inner:ty),+>)? = $wire:literal $(| $alias:literal)*,)*
    })+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $($(#[$rmeta])* pub $req: $rtype,)+
            $($(#[$fmeta])* pub $field: $outer $(<$($inner),+>)?,)*
        }

        const _: () = {
            use $crate::__private::serde as __serde;
            use $crate::lenient as __lenient;
            use ::std::result::Result as __Result;

            /// What was read so far.
            #[derive(Default)]
            struct __Read {
                $($req: Option<$rtype>,)+
                $($field: $outer $(<$($inner),+>)?,)*
            }

            impl __lenient::Object for __Read {
                fn set<'de, A: __serde::de::MapAccess<'de>>(
                    &mut self,
                    name: &str,
                    map: &mut A,
                ) -> __Result<bool, A::Error> {
                    match name {
                        $($rwire $(| $ralias)* => __lenient::set_field(&mut self.$req, map),)+
                        $($wire $(| $alias)* => __lenient::set_field(&mut self.$field, map),)*
                        _ => Ok(false),
                    }
                }
            }

            impl __Read {
                fn whole<E: __serde::de::Error>(self) -> __Result<$name, E> {
                    Ok($name {
                        $($req: self.$req.ok_or_else(|| E::missing_field($rwire))?,)+
                        $($field: self.$field,)*
                    })
                }
            }

            impl __lenient::Lenient for $name {
                fn read<'de, D: __serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> __Result<Option<Self>, D::Error> {
                    let whole = __lenient::object(deserializer)?.map(__Read::whole);
                    $(let whole = __lenient::$left_out(whole);)?
                    whole.transpose()
                }
            }

            impl<'de> __serde::Deserialize<'de> for $name {
                fn deserialize<D: __serde::Deserializer<'de>>(deserializer: D) -> __Result<Self, D::Error> {
                    __lenient::whole_object::<D, __Read>(deserializer)?.whole()
                }
            }

            impl __serde::Serialize for $name {
                fn serialize<S: __serde::Serializer>(&self, serializer: S) -> __Result<S::Ok, S::Error> {
                    let mut map = __serde::Serializer::serialize_map(serializer, None)?;
                    $(__serde::ser::SerializeMap::serialize_entry(&mut map, $rwire, &self.$req)?;)+
                    $(if !__lenient::Absent::is_absent(&self.$field) {
                        __serde::ser::SerializeMap::serialize_entry(&mut map, $wire, &self.$field)?;
                    })*
                    __serde::ser::SerializeMap::end(map)
                }
            }
        };
    )+};
}

/// [`object!`](crate::object) with `new` and a setter per field.
///
/// ```
/// integrations_core::input_object! {
///     /// A line of an invoice.
///     pub struct Line {
///         /// What is sold.
///         name: Option<String> = "name",
///         /// How many.
///         quantity: Option<i64> = "qty",
///         /// Labels.
///         labels: Vec<String> = "labels",
///     }
/// }
/// let line = Line::new().name("Hammer").quantity(3).labels(["tool"]);
/// assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"name":"Hammer","qty":3,"labels":["tool"]}"#);
/// ```
#[macro_export]
macro_rules! input_object {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$fmeta:meta])* $field:ident: $outer:ident $(<$($inner:ty),+>)? = $wire:literal $(| $alias:literal)*,)*
    })+) => {$(
        $crate::object! {
            $(#[$meta])*
            $vis struct $name {
                $($(#[$fmeta])* $field: $outer $(<$($inner),+>)? = $wire $(| $alias)*,)*
            }
        }

        impl $name {
            /// One without any field.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $($crate::__object_setter! { $name $field $outer $(<$($inner),+>)? })*
        }
    )+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __object_setter {
    ($name:ident $field:ident Option<$inner:ty>) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$inner>) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
    ($name:ident $field:ident Vec<$inner:ty>) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: impl IntoIterator<Item = impl Into<$inner>>) -> Self {
            self.$field = $field.into_iter().map(Into::into).collect();
            self
        }
    };
    ($name:ident $field:ident $outer:ident $(<$($inner:ty),+>)?) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$outer $(<$($inner),+>)?>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}

#[cfg(test)]
#[expect(
    clippy::wrong_self_convention,
    dead_code,
    unreachable_pub,
    reason = "what the macros write is public, and not all of it is used here"
)]
mod tests;
