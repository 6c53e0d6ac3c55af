//! One case per request type: what it sends, and how its reply is read.

use std::any::{TypeId, type_name};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use ghl_client::{Client, Endpoint, Result, Spec, Succeeded, Untyped};
use http::HeaderMap;
use integrations_core::http::{
    Body, HttpContext, Outgoing, Query, ResponseBody, Transport, TransportError,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Decodes a reply and writes it again.
pub(crate) type Read = fn(&[u8]) -> serde_json::Result<Vec<u8>>;

type Answered = Pin<Box<dyn Future<Output = Result<Untyped>> + Send>>;
type Sender = Box<dyn Fn(&Client, bool) -> Answered + Send + Sync>;

/// A request type with its samples. All that is not needed per type is outside of it, for the sake of compile time.
pub(crate) struct Case {
    /// The module and the type.
    pub(crate) name: &'static str,
    pub(crate) spec: Spec,
    /// The type of the answer.
    pub(crate) answer: &'static str,
    /// Whether the answer says only that something was done.
    pub(crate) is_success: bool,
    /// Nothing when the answer is untyped.
    pub(crate) read: Option<Read>,
    send: Sender,
}

impl Case {
    pub(crate) fn new<R: Endpoint>(
        name: &'static str,
        make: fn(bool) -> R,
        read: Option<Read>,
    ) -> Self {
        Self {
            name,
            spec: R::SPEC,
            answer: type_name::<R::Response>(),
            is_success: TypeId::of::<R::Response>() == TypeId::of::<Succeeded>(),
            read,
            send: Box::new(move |client, full| {
                let call = client.call(Raw(make(full))).with_max_attempts(1);
                Box::pin(call.send())
            }),
        }
    }

    /// Sends it, with the required fields only or with all of them.
    pub(crate) async fn send(&self, client: &Client, full: bool) -> Result<Untyped> {
        (self.send)(client, full).await
    }

    pub(crate) fn is_v3(&self) -> bool {
        self.spec.operation.name.starts_with("v3.")
    }
}

/// The same request with its answer left as it is.
#[derive(Clone)]
struct Raw<R>(R);

impl<R: Endpoint> Endpoint for Raw<R> {
    const SPEC: Spec = R::SPEC;
    type Response = Untyped;

    fn path(&self) -> Vec<&str> {
        self.0.path()
    }

    fn query(&self, query: &mut Query) {
        self.0.query(query);
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        self.0.body(headers)
    }
}

/// Chooses how an answer is read by its type.
pub(crate) struct Reader<T>(PhantomData<T>);

impl<T> Reader<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

pub(crate) trait ReadTyped {
    fn read(&self) -> Option<Read>;
}

impl<T: DeserializeOwned + Serialize> ReadTyped for &&Reader<T> {
    fn read(&self) -> Option<Read> {
        Some(|body| {
            // As the client does: an empty body is null, or an object without members.
            let answer = match body {
                b"" => serde_json::from_str::<T>("null").or_else(|_| serde_json::from_str("{}")),
                body => serde_json::from_slice(body),
            };
            serde_json::to_vec(&answer?)
        })
    }
}

pub(crate) trait ReadOnly {
    fn read(&self) -> Option<Read>;
}

impl<T: DeserializeOwned> ReadOnly for &Reader<T> {
    /// Only hand-written types are not written again.
    fn read(&self) -> Option<Read> {
        Some(|body| {
            serde_json::from_slice::<T>(body)?;
            Ok(body.to_vec())
        })
    }
}

pub(crate) trait ReadUntyped {
    fn read(&self) -> Option<Read>;
}

impl<T> ReadUntyped for Reader<T> {
    fn read(&self) -> Option<Read> {
        None
    }
}

/// Keeps what is sent and answers 204.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Option<Outgoing>>>);

impl Recorder {
    pub(crate) fn client(&self) -> Client {
        let context = HttpContext::builder()
            .transport(self.clone())
            .build()
            .unwrap();
        let client = Client::builder()
            .private_token("pit-0000")
            .context(&context);
        client.check_access(false).build().unwrap()
    }

    pub(crate) fn take(&self) -> Option<Outgoing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Transport for Recorder {
    async fn send(
        &self,
        request: Outgoing,
    ) -> std::result::Result<http::Response<ResponseBody>, TransportError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        let mut response = http::Response::new(ResponseBody::from_bytes(Bytes::new()));
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        Ok(response)
    }
}
