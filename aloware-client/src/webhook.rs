//! Webhooks: verified, then typed.
//!
//! They are set up in Aloware's own settings (*Integrations → Webhooks*); there is no API for them. Choose *Basic* there,
//! with a user and a password of your own. The provider signs nothing, names no delivery, and **never sends one again**:
//! store first, answer then, and be slow rather than fail.
//!
//! ```
//! use aloware_client::webhook::Event;
//!
//! fn handle(event: &integrations_core::webhook::Event) -> aloware_client::Result<()> {
//!     match Event::try_from(event)? {
//!         Event::CallDisposed(call) => println!("{:?} talked {:?} s", call.id, call.talk_time),
//!         Event::CallSummarized(summary) => println!("{:?}", summary.call_id()),
//!         Event::Unknown { kind, .. } => println!("new: {kind}"),
//!         _ => {}
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A call is told of up to six times, in any order and under several names: [`CallRecord`] puts it together.

mod allowed;
mod communication;
mod event;
mod name;
mod record;
mod recording;
mod source;
mod subject;
mod transcription;

pub use self::allowed::{AllowedEvents, VARIABLE as ALLOWED_EVENTS_VARIABLE};
pub use self::communication::Communication;
pub use self::event::Event;
pub use self::name::{EventName, Family};
pub use self::record::{CallRecord, Stage};
pub use self::recording::RecordingUrl;
pub use self::source::{AlowareWebhooks, basic_secrets};
pub use self::transcription::{Transcription, TranscriptionEvent};
