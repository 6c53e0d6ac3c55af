//! How requests are declared: one list of fields makes the struct, its setters, the query and the body.

use std::fmt::Display;

use http::{HeaderMap, HeaderValue, header};
use integrations_core::http::{Body, Query};
use integrations_core::lenient::Absent;
use integrations_core::{Error, ErrorKind, Result};
use serde::Serialize;

/// A body that is written field by field.
#[derive(Debug, Default)]
pub(crate) enum BodyWriter {
    /// Nothing yet.
    #[default]
    Empty,
    /// The members of a JSON object, without the closing brace.
    Json(Vec<u8>),
    /// A whole body in JSON.
    Whole(Vec<u8>),
    /// The pairs of a form.
    Form(Query),
    /// A failure to report at the end.
    Failed,
}

impl BodyWriter {
    /// Writes a member of a JSON object that is always there.
    pub(crate) fn member<T: Serialize>(&mut self, name: &str, value: &T) {
        if matches!(self, Self::Empty) {
            *self = Self::Json(vec![b'{']);
        }
        let Self::Json(text) = self else {
            return;
        };
        if text.len() > 1 {
            text.push(b',');
        }
        // Names are constants of this crate that need no escape.
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        if serde_json::to_writer(text, value).is_err() {
            *self = Self::Failed;
        }
    }

    /// Writes a member of a JSON object unless it is absent; without any, the body is `{}`.
    pub(crate) fn optional_member<T: Absent + Serialize>(&mut self, name: &str, value: &T) {
        if matches!(self, Self::Empty) {
            *self = Self::Json(vec![b'{']);
        }
        if !value.is_absent() {
            self.member(name, value);
        }
    }

    /// Writes a pair of a form.
    pub(crate) fn pair(&mut self, name: &str, value: &impl Display) {
        if matches!(self, Self::Empty) {
            *self = Self::Form(Query::new());
        }
        if let Self::Form(form) = self {
            form.push(name, value);
        }
    }

    /// Makes this value the whole body.
    pub(crate) fn whole<T: Serialize>(&mut self, value: &T) {
        *self = serde_json::to_vec(value).map_or(Self::Failed, Self::Whole);
    }

    /// The body, with its content type put into `headers`.
    pub(crate) fn finish(self, headers: &mut HeaderMap) -> Result<Body> {
        match self {
            Self::Empty => Ok(Body::Empty),
            Self::Json(mut text) => {
                text.push(b'}');
                Ok(Body::json_text(text, headers))
            }
            Self::Whole(text) => Ok(Body::json_text(text, headers)),
            Self::Form(form) => {
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(header::CONTENT_TYPE, kind);
                Ok(Body::Bytes(form.as_str().to_owned().into()))
            }
            Self::Failed => Err(Error::new(
                ErrorKind::Validation,
                "the body holds a value that JSON cannot carry, for example a map whose keys are not texts",
            )
            .with_provider(crate::PROVIDER)),
        }
    }
}

/// The error for a field that must be set and is not.
pub(crate) fn missing(operation: &'static str, field: &str) -> Error {
    Error::new(
        ErrorKind::Validation,
        format!("{operation} needs {field}: set it before the call is sent"),
    )
    .with_provider(crate::PROVIDER)
    .with_operation(operation)
}

/// Declares a request: the struct, `new` with what is required, a setter on [`Call`](crate::Call) for what is not, and
/// its [`Endpoint`](crate::Endpoint).
///
/// `path` names the values of the path in their order; where `new` takes them elsewhere, they are `required` ones at the
/// place `path`, and `in_path` names the order. A field says where it goes:
///
/// - in the query: `query`, `each` (a list, its name repeated), `joined` (a list in one value, with commas) or `millis` (a
///   time in milliseconds since 1970);
/// - in the body: `body` (a member of the JSON object), `text` (the same for a number that is written as a text),
///   `seconds` (a member, a time in seconds since 1970), `form` (a pair of a form) or `whole` (the JSON body itself).
///
/// `constant` values are always sent, `preset` ones too, but they can be set. What `paging` has is set page by page and
/// has no setter; what `state` has is not sent at all. `needs` names the optional fields without which the call is
/// refused before it is sent: those of operations that require too much for `new`. `before` names a function that
/// completes or refuses a copy of the request before its body is written.
macro_rules! request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident -> $response:ty {
            $(path { $($(#[$pmeta:meta])* $path:ident: $ptype:ident,)+ })?
            $(required {
                $($(#[$rmeta:meta])* $rpos:ident $req:ident: $router:ident $(<$($rinner:ty),+>)? = $rwire:literal,)+
            })?
            $(constant { $($cplace:ident $cwire:literal = $cvalue:literal,)+ })?
            $(preset {
                $($(#[$smeta:meta])* $splace:ident $set:ident: $souter:ident $(<$($sinner:ty),+>)? = $swire:literal => $svalue:expr,)+
            })?
            $(optional {
                $($(#[$ometa:meta])* $oplace:ident $opt:ident: $oouter:ident $(<$($oinner:ty),+>)? = $owire:literal,)+
            })?
            $(paging {
                $($(#[$gmeta:meta])* $gplace:ident $page:ident: $gouter:ident $(<$($ginner:ty),+>)? = $gwire:literal,)+
            })?
            $(state { $($(#[$tmeta:meta])* $state:ident: $ttype:ty,)+ })?
            $(in_path { $($in_path:ident,)+ })?
            $(needs { $($need:ident,)+ })?
            $(before { $before:path })?
        }
        $spec:expr
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($($(#[$pmeta])* pub $path: $ptype,)+)?
            $($($(#[$rmeta])* pub $req: $router $(<$($rinner),+>)?,)+)?
            $($($(#[$smeta])* pub $set: $souter $(<$($sinner),+>)?,)+)?
            $($($(#[$ometa])* pub $opt: $oouter $(<$($oinner),+>)?,)+)?
            $($($(#[$gmeta])* pub $page: $gouter $(<$($ginner),+>)?,)+)?
            $($($(#[$tmeta])* $state: $ttype,)+)?
        }

        impl $name {
            /// A request with what the operation requires.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a request is not a value with a default")]
            pub fn new(
                $($($path: impl Into<$ptype>,)+)?
                $($($req: $crate::request::argument!($router $(<$($rinner),+>)?),)+)?
            ) -> Self {
                Self {
                    $($($path: $path.into(),)+)?
                    $($($req: $crate::request::converted!($req $router),)+)?
                    $($($set: $svalue,)+)?
                    $($($opt: Default::default(),)+)?
                    $($($page: Default::default(),)+)?
                    $($($state: Default::default(),)+)?
                }
            }
        }

        $(impl $crate::Call<$name> {
            $($crate::request::setter! { $name $set $souter $(<$($sinner),+>)? })+
        })?

        $(impl $crate::Call<$name> {
            $($crate::request::setter! { $name $opt $oouter $(<$($oinner),+>)? })+
        })?

        impl $crate::Endpoint for $name {
            const SPEC: $crate::Spec = $spec;
            type Response = $response;

            fn path(&self) -> Vec<&str> {
                vec![$($(self.$path.as_str(),)+)? $($(self.$in_path.as_str(),)+)?]
            }

            fn query(&self, query: &mut integrations_core::http::Query) {
                let _ = &query;
                $($($crate::request::required_query!($rpos query $rwire self.$req);)+)?
                $($($crate::request::constant_query!($cplace query $cwire $cvalue);)+)?
                $($($crate::request::required_query!($splace query $swire self.$set);)+)?
                $($($crate::request::optional_query!($oplace query $owire self.$opt);)+)?
                $($($crate::request::optional_query!($gplace query $gwire self.$page);)+)?
            }

            fn body(
                &self,
                headers: &mut http::HeaderMap,
            ) -> integrations_core::Result<integrations_core::http::Body> {
                $($(if integrations_core::lenient::Absent::is_absent(&self.$need) {
                    return Err($crate::request::missing(Self::SPEC.operation.name, stringify!($need)));
                })+)?
                let request = self;
                $(
                    let mut request = request.clone();
                    $before(&mut request)?;
                    let request = &request;
                )?
                let _ = request;
                #[allow(unused_mut, reason = "many have no body")]
                let mut body = $crate::request::BodyWriter::default();
                $($($crate::request::required_body!($rpos body $rwire request.$req);)+)?
                $($($crate::request::constant_body!($cplace body $cwire $cvalue);)+)?
                $($($crate::request::required_body!($splace body $swire request.$set);)+)?
                $($($crate::request::optional_body!($oplace body $owire request.$opt);)+)?
                $($($crate::request::optional_body!($gplace body $gwire request.$page);)+)?
                body.finish(headers)
            }
        }
    };
}
pub(crate) use request;

/// What `new` takes for a field.
macro_rules! argument {
    (Vec<$inner:ty>) => { impl IntoIterator<Item = impl Into<$inner>> };
    ($outer:ident $(<$($inner:ty),+>)?) => { impl Into<$outer $(<$($inner),+>)?> };
}
pub(crate) use argument;

/// What the field becomes.
macro_rules! converted {
    ($field:ident Vec) => {
        $field.into_iter().map(Into::into).collect()
    };
    ($field:ident $outer:ident) => {
        $field.into()
    };
}
pub(crate) use converted;

macro_rules! setter {
    ($name:ident $field:ident Option<$inner:ty>) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($name), "::", stringify!($field), ").")]
        pub fn $field(mut self, $field: impl Into<$inner>) -> Self {
            self.request.$field = Some($field.into());
            self
        }
    };
    ($name:ident $field:ident Vec<$inner:ty>) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($name), "::", stringify!($field), ").")]
        pub fn $field(mut self, $field: impl IntoIterator<Item = impl Into<$inner>>) -> Self {
            self.request.$field = $field.into_iter().map(Into::into).collect();
            self
        }
    };
    ($name:ident $field:ident $outer:ident $(<$($inner:ty),+>)?) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($name), "::", stringify!($field), ").")]
        pub fn $field(mut self, $field: impl Into<$outer $(<$($inner),+>)?>) -> Self {
            self.request.$field = $field.into();
            self
        }
    };
}
pub(crate) use setter;

macro_rules! required_query {
    (query $query:ident $wire:literal $value:expr) => {
        $query.push($wire, &$value)
    };
    (each $query:ident $wire:literal $value:expr) => {
        $query.push_each($wire, &$value)
    };
    (joined $query:ident $wire:literal $value:expr) => {
        $query.push_joined($wire, &$value)
    };
    (millis $query:ident $wire:literal $value:expr) => {
        $query.push($wire, $value.as_millisecond())
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use required_query;

macro_rules! constant_query {
    (query $query:ident $wire:literal $value:expr) => {
        $query.push($wire, $value)
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use constant_query;

macro_rules! optional_query {
    (query $query:ident $wire:literal $value:expr) => {
        $query.push_option($wire, $value.as_ref())
    };
    (each $query:ident $wire:literal $value:expr) => {
        $query.push_each($wire, &$value)
    };
    (joined $query:ident $wire:literal $value:expr) => {
        $query.push_joined($wire, &$value)
    };
    (millis $query:ident $wire:literal $value:expr) => {
        $query.push_option($wire, $value.map(|time| time.as_millisecond()).as_ref())
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use optional_query;

macro_rules! required_body {
    (body $body:ident $wire:literal $value:expr) => {
        $body.member($wire, &$value)
    };
    (seconds $body:ident $wire:literal $value:expr) => {
        $body.member($wire, &$value.as_second())
    };
    (whole $body:ident $wire:literal $value:expr) => {
        $body.whole(&$value)
    };
    (text $body:ident $wire:literal $value:expr) => {
        $body.member($wire, &$value.to_string())
    };
    (form $body:ident $wire:literal $value:expr) => {
        $body.pair($wire, &$value)
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use required_body;

macro_rules! constant_body {
    (body $body:ident $wire:literal $value:expr) => {
        $body.member($wire, &$value)
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use constant_body;

macro_rules! optional_body {
    (body $body:ident $wire:literal $value:expr) => {
        $body.optional_member($wire, &$value)
    };
    (seconds $body:ident $wire:literal $value:expr) => {
        $body.optional_member($wire, &$value.map(|time| time.as_second()))
    };
    (whole $body:ident $wire:literal $value:expr) => {
        match integrations_core::lenient::Absent::is_absent(&$value) {
            true => $body.whole(&serde_json::Map::new()),
            false => $body.whole(&$value),
        }
    };
    (text $body:ident $wire:literal $value:expr) => {
        $body.optional_member($wire, &$value.as_ref().map(ToString::to_string))
    };
    (form $body:ident $wire:literal $value:expr) => {
        if let Some(value) = &$value {
            $body.pair($wire, value);
        }
    };
    ($place:ident $($rest:tt)+) => {};
}
pub(crate) use optional_body;

#[cfg(test)]
mod tests {
    #![allow(missing_docs, clippy::unwrap_used)]
    use http::{HeaderMap, Method};
    use integrations_core::http::{Body, Query};
    use integrations_core::{Patch, Timestamp};
    use serde_json::json;

    use crate::ids::{ContactId, LocationId};
    use crate::{Endpoint, Spec};

    request! {
        /// A test.
        pub struct Sample -> serde_json::Value {
            path { /// The contact.
                contact_id: ContactId, }
            required { /// A name.
                body name: String = "name", /// Ids.
                each ids: Vec<String> = "ids", }
            constant { query "altType" = "location", }
            optional { /// A limit.
                query limit: Option<i64> = "limit", /// Tags.
                body tags: Vec<String> = "tags", }
            needs { tags, }
        }
        Spec::new("sample.send", Method::POST, "/sample/{contactId}")
    }

    request! {
        /// A search.
        pub struct Search -> serde_json::Value {
            required { /// The location.
                path location_id: LocationId = "locationId", /// From this time.
                millis from: Timestamp = "from", /// The contact.
                path contact_id: ContactId = "contactId", }
            preset { /// How many.
                body limit: u32 = "limit" => 10 * 2, }
            optional { /// Ids.
                joined ids: Vec<ContactId> = "ids", /// Until this time.
                millis until: Option<Timestamp> = "until", /// When.
                seconds at: Option<Timestamp> = "at", /// A name.
                body name: Patch<String> = "name", }
            paging { /// The page.
                body page: Option<u32> = "page", }
            state { /// What came before.
                seen: Vec<ContactId>, }
            in_path { contact_id, location_id, }
            before { Search::complete }
        }
        Spec::new("sample.search", Method::POST, "/sample/{contactId}/{locationId}")
    }

    impl Search {
        fn complete(&mut self) -> crate::Result<()> {
            if self.limit == 0 {
                return Err(super::missing("sample.search", "limit"));
            }
            self.page = self.page.or(Some(1));
            Ok(())
        }
    }

    fn text<R: Endpoint>(request: &R) -> Result<(String, String), crate::Error> {
        let mut query = Query::new();
        request.query(&mut query);
        match request.body(&mut HeaderMap::new())? {
            Body::Bytes(bytes) => Ok((
                query.as_str().to_owned(),
                String::from_utf8(bytes.to_vec()).unwrap(),
            )),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fields_go_where_they_say() {
        let mut request = Sample::new("c1", "A \"b\"", ["x", "y"]);
        let error = text(&request).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Validation);
        assert!(error.to_string().contains("needs tags"), "{error}");
        request.tags = vec!["t".to_owned()];
        request.limit = Some(5);
        assert_eq!(request.path(), ["c1"]);
        let (query, body) = text(&request).unwrap();
        assert_eq!(query, "ids=x&ids=y&altType=location&limit=5");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({"name": "A \"b\"", "tags": ["t"]}));
    }

    #[test]
    fn times_lists_and_changes_are_written_as_their_place_says() {
        let time: Timestamp = "2026-01-02T12:00:00.5Z".parse().unwrap();
        let mut request = Search::new("l1", time, "c1");
        assert_eq!(request.path(), ["c1", "l1"]);
        let (query, body) = text(&request).unwrap();
        assert_eq!(query, "from=1767355200500");
        assert_eq!(body, r#"{"limit":20,"page":1}"#);

        request.ids = vec!["c2".into(), "c3".into()];
        request.until = Some(time);
        request.at = Some(time);
        request.name = Patch::Clear;
        request.page = Some(3);
        request.seen = vec!["c4".into()];
        let (query, body) = text(&request).unwrap();
        assert_eq!(query, "from=1767355200500&ids=c2%2Cc3&until=1767355200500");
        assert_eq!(body, r#"{"limit":20,"at":1767355200,"name":null,"page":3}"#);
        request.name = "Jane".into();
        assert!(text(&request).unwrap().1.contains(r#""name":"Jane""#));
    }

    #[test]
    fn a_request_is_completed_or_refused_before_its_body_is_written() {
        let mut request = Search::new("l1", Timestamp::UNIX_EPOCH, "c1");
        assert!(text(&request).unwrap().1.contains(r#""page":1"#));
        assert_eq!(request.page, None, "on a copy");
        request.limit = 0;
        let error = text(&request).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Validation);
    }
}
