//! Who must not be contacted. A source lifts only what it said itself.

use integrations_core::email::EmailAddress;
use integrations_core::model::Channel;
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, Result, TenantId, Timestamp};

use crate::batch::Rows;
use crate::check::{Check, KEY, SHORT};
use crate::session::{Session, execute, fetch_all, fetch_optional};
use crate::{Store, Transaction, time};

/// The word that stands for every channel.
const ALL: &str = "all";

/// An address as it is compared: a number in E.164, an e-mail address in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptOutAddress(String);

impl OptOutAddress {
    /// The text that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&PhoneNumber> for OptOutAddress {
    fn from(phone: &PhoneNumber) -> Self {
        Self(phone.as_str().to_owned())
    }
}

impl From<&EmailAddress> for OptOutAddress {
    fn from(email: &EmailAddress) -> Self {
        Self(email.normalized())
    }
}

impl std::fmt::Debug for OptOutAddress {
    /// Shows the kind alone: it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.0.starts_with('+') {
            "phone"
        } else {
            "email"
        };
        write!(f, "OptOutAddress({kind})")
    }
}

/// Who said it: an integration, the application, a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct OptOutSource {
    /// The source: `integration:<id>`, `app`, `twilio`.
    pub name: String,
    /// Which record of the source, where several may share an address; may be empty.
    pub subject: String,
}

impl OptOutSource {
    /// A source that speaks for an address as a whole.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            subject: String::new(),
        }
    }

    /// One record of the source.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }
}

/// A word of a source about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptOutWord {
    /// The address.
    pub address: OptOutAddress,
    /// The channel; `None` for every one.
    pub channel: Option<Channel>,
    /// Who says it.
    pub source: OptOutSource,
    /// Whether the address must not be contacted; `false` lifts what this source said.
    pub blocked: bool,
}

impl OptOutWord {
    /// A STOP.
    pub fn stop(
        address: impl Into<OptOutAddress>,
        channel: Option<Channel>,
        source: OptOutSource,
    ) -> Self {
        Self {
            address: address.into(),
            channel,
            source,
            blocked: true,
        }
    }

    /// A START: takes the source's own STOP back.
    pub fn lift(
        address: impl Into<OptOutAddress>,
        channel: Option<Channel>,
        source: OptOutSource,
    ) -> Self {
        Self {
            blocked: false,
            ..Self::stop(address, channel, source)
        }
    }

    fn channel_word(&self) -> &str {
        self.channel.as_ref().map_or(ALL, Channel::as_str)
    }

    fn check(&self) -> Result<()> {
        Check::default()
            .text("/address", self.address.as_str(), KEY)
            .text("/channel", self.channel_word(), SHORT)
            .text("/source", &self.source.name, SHORT)
            .optional("/subject", Some(&self.source.subject), KEY)
            .done()
    }
}

/// One STOP as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredOptOut {
    /// The channel; `None` for every one.
    pub channel: Option<Channel>,
    /// Who said it.
    pub source: OptOutSource,
    /// Since when.
    pub since: Timestamp,
}

impl StoredOptOut {
    fn of((channel, name, subject, since): (String, String, String, i64)) -> Result<Self> {
        Ok(Self {
            channel: (channel != ALL).then(|| Channel::from(channel.as_str())),
            source: OptOutSource { name, subject },
            since: time::from_micros(since)?,
        })
    }
}

/// The opt-outs of a [`Store`].
#[derive(Debug, Clone)]
pub struct OptOuts(Store);

impl Store {
    /// The opt-outs.
    #[must_use]
    pub fn opt_outs(&self) -> OptOuts {
        OptOuts(self.clone())
    }
}

impl OptOuts {
    /// Notes what sources say.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when a text is too long, [`ErrorKind::Store`].
    pub async fn note(&self, tenant: &TenantId, words: &[OptOutWord]) -> Result<()> {
        let mut transaction = self.0.begin("opt_outs.note").await?;
        self.note_in(&mut transaction, tenant, words).await?;
        transaction.commit().await
    }

    /// Notes what sources say in a transaction of the caller's.
    ///
    /// # Errors
    /// As [`note`](Self::note).
    pub async fn note_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        words: &[OptOutWord],
    ) -> Result<()> {
        let (mut stops, mut lifts) = (Rows::default(), Rows::default());
        for word in words {
            word.check()?;
            let row = vec![
                word.address.as_str().into(),
                word.channel_word().into(),
                word.source.name.as_str().into(),
                word.source.subject.as_str().into(),
            ];
            if word.blocked {
                stops.push(row);
            } else {
                lifts.push(row);
            }
        }
        let session = transaction.session();
        if !lifts.is_empty() {
            execute!(
                session,
                "DELETE FROM main.opt_outs WHERE tenant_id = $1 AND (address, channel, source, subject) IN \
                 (SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each($2 /*pg ::json */))",
                tenant.as_str(),
                lifts.json(),
            )?;
        }
        if !stops.is_empty() {
            execute!(
                session,
                "INSERT INTO main.opt_outs (tenant_id, address, channel, source, subject, since) \
                 SELECT $1, value->>0, value->>1, value->>2, value->>3, c.us \
                 FROM json_each($2 /*pg ::json */) AS e, main.clock AS c WHERE TRUE \
                 ON CONFLICT (tenant_id, address, channel, source, subject) DO NOTHING",
                tenant.as_str(),
                stops.json(),
            )?;
        }
        Ok(())
    }

    /// Takes back everything that one record of a source said, whatever the address: the record is gone, or says so
    /// of itself.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn lift_all_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        channel: Option<&Channel>,
        source: &OptOutSource,
    ) -> Result<u64> {
        execute!(
            transaction.session(),
            "DELETE FROM main.opt_outs WHERE tenant_id = $1 AND source = $2 AND subject = $3 AND channel = $4",
            tenant.as_str(),
            source.name.as_str(),
            source.subject.as_str(),
            channel.map_or(ALL, Channel::as_str),
        )
    }

    /// Whether any source forbids to contact this address by this channel.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn blocks(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        address: impl Into<OptOutAddress> + Send,
    ) -> Result<bool> {
        let address = address.into();
        let mut session = self.0.read("opt_outs.blocks").await?;
        let found = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT CAST(1 AS BIGINT) FROM main.opt_outs WHERE tenant_id = $1 AND address = $2 \
             AND channel IN ('all', $3) LIMIT 1",
            tenant.as_str(),
            address.as_str(),
            channel.as_str(),
        )?;
        session.commit().await?;
        Ok(found.is_some())
    }

    /// Refuses what [`blocks`](Self::blocks): call it before each message, list-add and enrolment.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`] with the code `opted_out`, not retryable; [`ErrorKind::Store`].
    pub async fn allow(
        &self,
        tenant: &TenantId,
        channel: &Channel,
        address: impl Into<OptOutAddress> + Send,
    ) -> Result<()> {
        if self.blocks(tenant, channel, address).await? {
            return Err(Error::new(
                ErrorKind::Permission,
                "the person opted out of this channel; only the source that said so can lift it",
            )
            .with_code("opted_out"));
        }
        Ok(())
    }

    /// Everything that is said about an address.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        address: impl Into<OptOutAddress> + Send,
    ) -> Result<Vec<StoredOptOut>> {
        let mut session = self.0.read("opt_outs.list").await?;
        let said = list(&mut session, tenant, &address.into()).await?;
        session.commit().await?;
        Ok(said)
    }

    /// [`list`](Self::list) in a transaction of the caller's, without a second connection.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        address: impl Into<OptOutAddress> + Send,
    ) -> Result<Vec<StoredOptOut>> {
        list(transaction.session(), tenant, &address.into()).await
    }

    /// Everything that is said about any of these addresses.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list_many<'a>(
        &self,
        tenant: &TenantId,
        addresses: impl IntoIterator<Item = &'a OptOutAddress> + Send,
    ) -> Result<Vec<StoredOptOut>> {
        let addresses = Rows::of(addresses.into_iter().map(OptOutAddress::as_str));
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.0.read("opt_outs.list_many").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, String, i64),
            "SELECT channel, source, subject, since FROM main.opt_outs WHERE tenant_id = $1 AND address IN \
             (SELECT value->>0 FROM json_each($2 /*pg ::json */)) ORDER BY address, channel, source, subject",
            tenant.as_str(),
            addresses.json(),
        )?;
        session.commit().await?;
        rows.into_iter().map(StoredOptOut::of).collect()
    }
}

async fn list(
    session: &mut Session,
    tenant: &TenantId,
    address: &OptOutAddress,
) -> Result<Vec<StoredOptOut>> {
    let rows = fetch_all!(
        session,
        (String, String, String, i64),
        "SELECT channel, source, subject, since FROM main.opt_outs WHERE tenant_id = $1 AND address = $2 \
         ORDER BY channel, source, subject",
        tenant.as_str(),
        address.as_str(),
    )?;
    rows.into_iter().map(StoredOptOut::of).collect()
}
