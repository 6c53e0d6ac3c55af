use crate::calls::TwoLeggedCall;
use crate::contacts::{FindContact, UpsertContact};
use crate::messages::SendSms;
use crate::numbers::LookUpNumber;
use crate::power_dialer::{ClearList, ClearUserLists, RemoveFromAllLists};
use crate::sequences::{DisenrollFromAll, Enroll};
use crate::users::ListUsers;
use crate::{Endpoint, Spec};

/// Every operation that the provider documents, as data.
#[must_use]
pub fn operations() -> Vec<Spec> {
    vec![
        ListUsers::SPEC,
        FindContact::SPEC,
        UpsertContact::SPEC,
        SendSms::SPEC,
        TwoLeggedCall::SPEC,
        Enroll::SPEC,
        DisenrollFromAll::SPEC,
        RemoveFromAllLists::SPEC,
        ClearList::SPEC,
        ClearUserLists::SPEC,
        LookUpNumber::SPEC,
    ]
}
