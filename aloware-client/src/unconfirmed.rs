//! Paths that older integrations name and no public source confirms. Several of them answer the provider's web application,
//! a page with a 200, which is [`ErrorKind::Decode`](crate::ErrorKind::Decode) with the code `unexpected_html`.
//!
//! Try them on an account of your own before you rely on one; what works everywhere is in the other modules. The answers are
//! JSON of an unknown shape.

use http::Method;
use integrations_core::Result;
use integrations_core::http::expand_path;
use serde_json::{Map, Value};

use crate::{Client, RawCall};

/// Where those paths are, below the base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paths {
    /// The contacts.
    pub contacts: String,
    /// The calls.
    pub calls: String,
    /// The lists of the power dialer.
    pub lists: String,
    /// The sequences.
    pub sequences: String,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            contacts: "/webhook/contacts".to_owned(),
            calls: "/webhook/calls".to_owned(),
            lists: "/webhook/lists".to_owned(),
            sequences: "/webhook/sequences".to_owned(),
        }
    }
}

/// Paths that no public source confirms: see [`Client::unconfirmed`].
#[derive(Debug, Clone)]
pub struct Unconfirmed<'a> {
    client: &'a Client,
    paths: Paths,
}

impl<'a> Unconfirmed<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self {
            client,
            paths: Paths::default(),
        }
    }

    /// The same at other paths.
    #[must_use]
    pub fn at(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// `GET /webhook/contacts`.
    pub fn contacts(&self) -> RawCall {
        self.client.request(Method::GET, &self.paths.contacts)
    }

    /// `GET /webhook/contacts/{id}`.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when the id cannot stand in a path.
    pub fn contact(&self, id: &str) -> Result<RawCall> {
        self.below(Method::GET, &self.paths.contacts, &[id], "")
    }

    /// `POST /webhook/contacts` with these fields.
    pub fn create_contact(&self, fields: Map<String, Value>) -> RawCall {
        let call = self.client.request(Method::POST, &self.paths.contacts);
        with(call, fields)
    }

    /// `PUT /webhook/contacts/{id}` with these fields.
    ///
    /// # Errors
    /// As [`contact`](Self::contact).
    pub fn update_contact(&self, id: &str, fields: Map<String, Value>) -> Result<RawCall> {
        let call = self.below(Method::PUT, &self.paths.contacts, &[id], "")?;
        Ok(with(call, fields))
    }

    /// `GET /webhook/calls`. Measured: a page of HTML.
    pub fn calls(&self) -> RawCall {
        self.client.request(Method::GET, &self.paths.calls)
    }

    /// `GET /webhook/lists`.
    pub fn lists(&self) -> RawCall {
        self.client.request(Method::GET, &self.paths.lists)
    }

    /// `POST /webhook/lists/{id}/contacts`: adds a contact to a list.
    ///
    /// # Errors
    /// As [`contact`](Self::contact).
    pub fn add_to_list(&self, list: &str, contact: &str) -> Result<RawCall> {
        let call = self.below(Method::POST, &self.paths.lists, &[list], "/contacts")?;
        Ok(call.member("contact_id", contact))
    }

    /// `DELETE /webhook/lists/{id}/contacts`: takes a contact out of one list.
    ///
    /// # Errors
    /// As [`contact`](Self::contact).
    pub fn remove_from_list(&self, list: &str, contact: &str) -> Result<RawCall> {
        let call = self.below(Method::DELETE, &self.paths.lists, &[list], "/contacts")?;
        Ok(call.member("contact_id", contact))
    }

    /// `GET /webhook/sequences`.
    pub fn sequences(&self) -> RawCall {
        self.client.request(Method::GET, &self.paths.sequences)
    }

    fn below(&self, method: Method, path: &str, ids: &[&str], end: &str) -> Result<RawCall> {
        let rest = expand_path("/{id}", ids)
            .map_err(|error| error.with_provider(crate::PROVIDER).with_operation("raw"))?;
        Ok(RawCall::encoded(
            self.client,
            method,
            &format!("{path}{rest}{end}"),
        ))
    }
}

fn with(call: RawCall, fields: Map<String, Value>) -> RawCall {
    fields
        .into_iter()
        .fold(call, |call, (name, value)| call.member(name, value))
}
