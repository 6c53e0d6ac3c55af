/// Declares a record: public optional fields, setters, and a `Debug` that shows ids, states and times but only the
/// presence of what may be personal data.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            shown { $($(#[$smeta:meta])* $shown:ident: $sty:ty => $sset:ident,)* }
            hidden { $($(#[$hmeta:meta])* $hidden:ident: $hty:ty => $hset:ident,)* }
            plain { $($(#[$pmeta:meta])* $plain:ident: $pty:ty,)* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$smeta])* #[serde(skip_serializing_if = "Option::is_none")] pub $shown: Option<$sty>,)*
            $($(#[$hmeta])* #[serde(skip_serializing_if = "Option::is_none")] pub $hidden: Option<$hty>,)*
            $($(#[$pmeta])* pub $plain: $pty,)*
            /// The provider's own fields, by its own names. May hold personal data.
            #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
            pub extra: $crate::model::Extra,
        }

        impl $name {
            /// An empty record.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }
            $(
                #[doc = concat!("Sets [`", stringify!($shown), "`](Self::", stringify!($shown), ").")]
                #[must_use]
                pub fn $sset(mut self, value: impl Into<$sty>) -> Self {
                    self.$shown = Some(value.into());
                    self
                }
            )*
            $(
                #[doc = concat!("Sets [`", stringify!($hidden), "`](Self::", stringify!($hidden), ").")]
                #[must_use]
                pub fn $hset(mut self, value: impl Into<$hty>) -> Self {
                    self.$hidden = Some(value.into());
                    self
                }
            )*
            /// Keeps a field of the provider's own.
            #[must_use]
            pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.extra.insert(name.into(), value.into());
                self
            }
        }

        impl std::fmt::Debug for $name {
            /// Shows ids, states and times; of personal data only that it is there.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut out = f.debug_struct(stringify!($name));
                $(if let Some(value) = &self.$shown {
                    out.field(stringify!($shown), value);
                })*
                $(if self.$hidden.is_some() {
                    out.field(stringify!($hidden), &format_args!("…"));
                })*
                $($crate::model::macros::Masked::masked(&self.$plain, stringify!($plain), &mut out);)*
                if !self.extra.is_empty() {
                    out.field("extra", &format_args!("{} fields", self.extra.len()));
                }
                out.finish_non_exhaustive()
            }
        }
    };
}

pub(super) use record;

/// How a field that is always there shows itself in `Debug`.
pub(super) trait Masked {
    fn masked(&self, name: &str, out: &mut std::fmt::DebugStruct<'_, '_>);
}

impl<T> Masked for Vec<T> {
    fn masked(&self, name: &str, out: &mut std::fmt::DebugStruct<'_, '_>) {
        if !self.is_empty() {
            out.field(name, &format_args!("{} entries", self.len()));
        }
    }
}
