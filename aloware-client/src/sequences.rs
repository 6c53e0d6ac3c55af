//! Sequences: a contact is enrolled in one, and disenrolled from all. There is no list of them. When to do so is for
//! [`rules`](crate::rules) to say.

use http::Method;

use crate::endpoint::{Confirmation, Endpoint, Members};
use crate::ids::{ContactId, SequenceId};
use crate::{Call, Client, Spec};

/// Sequences: see [`Client::sequences`].
#[derive(Debug, Clone, Copy)]
pub struct Sequences<'a>(pub(crate) &'a Client);

impl Sequences<'_> {
    /// Enrols a contact in a sequence.
    pub fn enroll(&self, sequence: impl Into<SequenceId>, who: Enrollee) -> Call<Enroll> {
        self.0.call(Enroll {
            sequence_id: sequence.into(),
            who,
            force: None,
        })
    }

    /// Disenrols a contact from **every** sequence: the provider cannot do less.
    pub fn disenroll_from_all_sequences(&self, who: Enrollee) -> Call<DisenrollFromAll> {
        self.0.call(DisenrollFromAll { who })
    }
}

integrations_core::open_enum! {
    /// In whose terms a contact is named.
    pub enum ContactSource {
        /// By its phone number.
        PhoneNumber = "phone_number",
        /// By Aloware's id.
        Aloware = "aloware",
        /// By HubSpot's id.
        HubSpot = "hubspot",
        /// By Zoho's id.
        Zoho = "zoho",
        /// By Guesty's id.
        Guesty = "guesty",
        /// By Pipedrive's id.
        Pipedrive = "pipedrive",
    }
}

/// Which contact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enrollee {
    /// By its phone number.
    Phone(String),
    /// By Aloware's id.
    Contact(ContactId),
    /// By the id in another system that the account is connected with.
    Foreign(ContactSource, String),
}

impl Enrollee {
    /// By its phone number.
    pub fn phone(number: impl Into<String>) -> Self {
        Self::Phone(number.into())
    }

    /// By Aloware's id.
    pub fn contact(id: impl Into<ContactId>) -> Self {
        Self::Contact(id.into())
    }

    /// By the id in another system that the account is connected with.
    pub fn foreign(source: ContactSource, id: impl Into<String>) -> Self {
        Self::Foreign(source, id.into())
    }

    fn write(&self, members: &mut Members) {
        let (source, name, value) = match self {
            Self::Phone(number) => (&ContactSource::PhoneNumber, "phone_number", number.as_str()),
            Self::Contact(id) => (&ContactSource::Aloware, "id", id.as_str()),
            Self::Foreign(source, id) => (source, "id", id.as_str()),
        };
        members.body("source", Some(source));
        match self {
            Self::Contact(id) => members.id(name, Some(id)),
            _ => members.body(name, Some(&value)),
        }
    }
}

/// `POST /webhook/sequence-enroll`: enrols a contact in a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enroll {
    /// The sequence.
    pub sequence_id: SequenceId,
    /// The contact.
    pub who: Enrollee,
    /// Whether that happens although the contact is in another.
    pub force: Option<bool>,
}

impl Call<Enroll> {
    /// Sets [`force`](Enroll::force).
    pub fn force(mut self, force: bool) -> Self {
        self.request.force = Some(force);
        self
    }
}

impl Endpoint for Enroll {
    const SPEC: Spec = Spec::new("sequences.enroll", Method::POST, "/webhook/sequence-enroll")
        .docs("https://support.aloware.com/en/articles/9020073");
    type Response = Confirmation;

    fn members(&self, members: &mut Members) {
        members.id("sequence_id", Some(&self.sequence_id));
        self.who.write(members);
        members.flag("force_enroll", self.force.as_ref());
    }
}

/// `POST /webhook/sequence-disenroll`: disenrols a contact from every sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisenrollFromAll {
    /// The contact.
    pub who: Enrollee,
}

impl Endpoint for DisenrollFromAll {
    const SPEC: Spec = Spec::new(
        "sequences.disenroll_from_all",
        Method::POST,
        "/webhook/sequence-disenroll",
    )
    .docs("https://support.aloware.com/en/articles/9020073");
    type Response = Confirmation;

    fn members(&self, members: &mut Members) {
        self.who.write(members);
    }
}
