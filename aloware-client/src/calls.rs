//! Calls that ring an agent and then a contact. What becomes of them is told by webhooks alone.

use http::Method;

use crate::endpoint::{Confirmation, Endpoint, Members};
use crate::ids::{ContactId, LineId, RingGroupId, UserId};
use crate::{Call, Client, Spec};

/// Calls: see [`Client::calls`].
#[derive(Debug, Clone, Copy)]
pub struct Calls<'a>(pub(crate) &'a Client);

impl Calls<'_> {
    /// Rings the agent, and the contact when the agent answers.
    ///
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with the code `no_available_user` when nobody can take it:
    /// nothing was dialled then, and no webhook comes.
    pub fn two_legged(&self, agent: Agent, callee: Callee, line: Line) -> Call<TwoLeggedCall> {
        self.0.call(TwoLeggedCall {
            agent,
            callee,
            line,
        })
    }
}

/// Who is rung first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Agent {
    /// A user, at this number instead of their own if there is one.
    User {
        /// The user.
        id: UserId,
        /// Where to ring.
        phone_number: Option<String>,
    },
    /// Whoever of a ring group is available.
    RingGroup(RingGroupId),
}

impl Agent {
    /// A user.
    pub fn user(id: impl Into<UserId>) -> Self {
        Self::User {
            id: id.into(),
            phone_number: None,
        }
    }

    /// A user, at this number.
    pub fn user_at(id: impl Into<UserId>, phone_number: impl Into<String>) -> Self {
        Self::User {
            id: id.into(),
            phone_number: Some(phone_number.into()),
        }
    }

    /// Whoever of a ring group is available.
    pub fn ring_group(id: impl Into<RingGroupId>) -> Self {
        Self::RingGroup(id.into())
    }
}

/// Who is called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Callee {
    /// By the number, in E.164 form.
    Phone(String),
    /// By the contact.
    Contact(ContactId),
}

impl Callee {
    /// By the number, in E.164 form.
    pub fn phone(number: impl Into<String>) -> Self {
        Self::Phone(number.into())
    }

    /// By the contact.
    pub fn contact(id: impl Into<ContactId>) -> Self {
        Self::Contact(id.into())
    }
}

/// Over which of the account's own numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Line {
    /// By the number, in E.164 form.
    Number(String),
    /// By the line.
    Id(LineId),
}

impl Line {
    /// By the number, in E.164 form.
    pub fn number(number: impl Into<String>) -> Self {
        Self::Number(number.into())
    }

    /// By the line.
    pub fn id(id: impl Into<LineId>) -> Self {
        Self::Id(id.into())
    }
}

/// `POST /webhook/two-legged-call`: rings an agent and then a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TwoLeggedCall {
    /// Who is rung first.
    pub agent: Agent,
    /// Who is called.
    pub callee: Callee,
    /// Over which line.
    pub line: Line,
}

impl Endpoint for TwoLeggedCall {
    const SPEC: Spec = Spec::new("calls.two_legged", Method::POST, "/webhook/two-legged-call")
        .docs("https://support.aloware.com/en/articles/9019991");
    type Response = Confirmation;

    fn members(&self, members: &mut Members) {
        match &self.agent {
            Agent::User { id, phone_number } => {
                members.id("user_id", Some(id));
                members.body("user_phone_number", phone_number.as_ref());
            }
            Agent::RingGroup(id) => members.id("ring_group_id", Some(id)),
        }
        match &self.callee {
            Callee::Phone(number) => members.body("contact_phone_number", Some(number)),
            Callee::Contact(id) => members.id("contact_id", Some(id)),
        }
        match &self.line {
            Line::Number(number) => members.body("line_phone_number", Some(number)),
            Line::Id(id) => members.id("line_id", Some(id)),
        }
    }
}
