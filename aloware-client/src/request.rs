//! How requests are declared.

/// Declares a request: the struct, `new` with what is required, a setter on [`Call`](crate::Call) for what is not, and its
/// [`Endpoint`](crate::Endpoint).
///
/// A field says how it is written: `body` as it is, `id` as a number where it is one, `flag` as 1 or 0, `joined` as one text
/// with commas.
macro_rules! request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident -> $response:ty {
            $(required { $($(#[$rmeta:meta])* $rhow:ident $req:ident: $rtype:ty = $rwire:literal,)+ })?
            $(optional { $($(#[$ometa:meta])* $ohow:ident $opt:ident: $otype:ty = $owire:literal,)+ })?
        }
        $spec:expr
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($($(#[$rmeta])* pub $req: $rtype,)+)?
            $($($(#[$ometa])* pub $opt: Option<$otype>,)+)?
        }

        impl $name {
            /// A request with what the operation requires.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a request is not a value with a default")]
            pub fn new($($($req: impl Into<$rtype>,)+)?) -> Self {
                Self {
                    $($($req: $req.into(),)+)?
                    $($($opt: None,)+)?
                }
            }
        }

        $(impl $crate::Call<$name> {
            $($crate::request::setter! { $ohow $name $opt $otype })+
        })?

        impl $crate::Endpoint for $name {
            const SPEC: $crate::Spec = $spec;
            type Response = $response;

            fn members(&self, members: &mut $crate::endpoint::Members) {
                let _ = &members;
                $($(members.$rhow($rwire, Some(&self.$req));)+)?
                $($(members.$ohow($owire, self.$opt.as_ref());)+)?
            }
        }
    };
}
pub(crate) use request;

macro_rules! setter {
    (joined $name:ident $field:ident $type:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($name), "::", stringify!($field), ").")]
        pub fn $field(mut self, $field: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.request.$field = Some($field.into_iter().map(|one| one.into().into()).collect());
            self
        }
    };
    ($place:ident $name:ident $field:ident $type:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($name), "::", stringify!($field), ").")]
        pub fn $field(mut self, $field: impl Into<$type>) -> Self {
            self.request.$field = Some($field.into());
            self
        }
    };
}
pub(crate) use setter;
