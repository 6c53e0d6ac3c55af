//! Text messages: sent, and never listed.

use http::Method;
use integrations_core::object;

use crate::endpoint::{Confirmation, Endpoint, Members};
use crate::ids::LineId;
use crate::{Call, Client, Spec};

/// Text messages: see [`Client::messages`].
#[derive(Debug, Clone, Copy)]
pub struct Messages<'a>(pub(crate) &'a Client);

impl Messages<'_> {
    /// Sends a text message. **A 202 means taken, not sent**: that the carrier refuses it is told later, by the webhook
    /// `OutboundSMS-DispositionInvalid`, and not at all to those who do not listen. The answer has no id.
    ///
    /// The provider sends to contacts who never agreed (`text_authorized`); whether to is the caller's to know.
    pub fn send(
        &self,
        from: Sender,
        to: impl Into<String>,
        message: impl Into<String>,
    ) -> Call<SendSms> {
        self.0.call(SendSms::new(from, to, message))
    }
}

/// Which of the account's own numbers a message comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sender {
    /// By the number, in E.164 form.
    Number(String),
    /// By the line.
    Line(LineId),
}

impl Sender {
    /// By the number, in E.164 form.
    pub fn number(number: impl Into<String>) -> Self {
        Self::Number(number.into())
    }

    /// By the line.
    pub fn line(id: impl Into<LineId>) -> Self {
        Self::Line(id.into())
    }
}

/// Whose inbox a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inbox {
    /// The company's.
    Company,
    /// The contact's owner's, or the company's.
    Owner,
    /// A user's.
    User(u64),
}

/// `POST /webhook/sms-gateway/send`: sends a text message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SendSms {
    /// Our number.
    pub from: Sender,
    /// The receiver, in E.164 form.
    pub to: String,
    /// The text; every 160 characters are a message of their own.
    pub message: String,
    /// A picture, which makes it an MMS.
    pub image_url: Option<String>,
    /// Whose inbox it belongs to.
    pub inbox: Option<Inbox>,
    /// Whether the provider may choose another number of the line's.
    pub force_random: Option<bool>,
    /// Three free fields.
    pub custom_fields: Option<SmsCustomFields>,
}

impl SendSms {
    /// A message.
    pub fn new(from: Sender, to: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            from,
            to: to.into(),
            message: message.into(),
            image_url: None,
            inbox: None,
            force_random: None,
            custom_fields: None,
        }
    }
}

impl Call<SendSms> {
    /// Sets [`image_url`](SendSms::image_url).
    pub fn image_url(mut self, url: impl Into<String>) -> Self {
        self.request.image_url = Some(url.into());
        self
    }

    /// Sets [`inbox`](SendSms::inbox).
    pub fn inbox(mut self, inbox: Inbox) -> Self {
        self.request.inbox = Some(inbox);
        self
    }

    /// Sets [`force_random`](SendSms::force_random).
    pub fn force_random(mut self, force: bool) -> Self {
        self.request.force_random = Some(force);
        self
    }

    /// Sets [`custom_fields`](SendSms::custom_fields).
    pub fn custom_fields(mut self, fields: SmsCustomFields) -> Self {
        self.request.custom_fields = Some(fields);
        self
    }
}

impl Endpoint for SendSms {
    const SPEC: Spec = Spec::new("messages.send", Method::POST, "/webhook/sms-gateway/send")
        .docs("https://support.aloware.com/en/articles/9020040");
    type Response = Confirmation;

    fn members(&self, members: &mut Members) {
        match &self.from {
            Sender::Number(number) => members.body("from", Some(number)),
            Sender::Line(line) => members.id("line_id", Some(line)),
        }
        members.body("to", Some(&self.to));
        members.body("message", Some(&self.message));
        members.body("image_url", self.image_url.as_ref());
        let inbox = self.inbox.map(|inbox| match inbox {
            Inbox::Company => -1,
            Inbox::Owner => 0,
            Inbox::User(id) => i64::try_from(id).unwrap_or(i64::MAX),
        });
        members.body("user_id", inbox.as_ref());
        members.flag("force_random", self.force_random.as_ref());
        members.body("custom_fields", self.custom_fields.as_ref());
    }
}

object! {
    /// Three free fields of a message.
    pub struct SmsCustomFields {
        /// The first.
        custom_field_1: Option<String> = "custom_field_1",
        /// The second.
        custom_field_2: Option<String> = "custom_field_2",
        /// The third.
        custom_field_3: Option<String> = "custom_field_3",
    }
}
