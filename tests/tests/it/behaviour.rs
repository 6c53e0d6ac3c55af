//! One suite for every provider: what it declares, it does as the contracts say.
//!
//! A provider joins with one file that implements [`Fixture`](fixture::Fixture), and one line at the end of this one.

mod aloware;
mod config;
mod connection;
mod contact_model;
mod contacts;
mod debug;
mod deliveries;
mod fixture;
mod gohighlevel;
mod messages;
mod signatures;
mod template;
mod verity;

/// Makes a test of every check for a fixture.
macro_rules! suite {
    ($($provider:ident: $fixture:ty, checks $checks:tt;)+) => {$(
        mod $provider {
            suite!(@ $fixture, $checks);
        }
    )+};
    (@ $fixture:ty, { $($module:ident: $($check:ident)+;)+ }) => {
        $($(
            #[tokio::test]
            async fn $check() {
                let fixture = <$fixture as super::super::fixture::Fixture>::start().await;
                super::super::$module::$check(&fixture).await;
            }
        )+)+
    };
}

mod suite {
    macro_rules! every {
        ($($provider:ident: $fixture:ty,)+) => {
            suite! {$(
                $provider: $fixture, checks {
                    template:
                        the_template_is_sound
                        the_form_is_complete
                        configs_are_read_from_the_environment;
                    config:
                        a_refused_config_names_every_path
                        connecting_sends_nothing
                        an_update_that_sends_back_what_it_was_shown_changes_nothing;
                    connection:
                        a_working_credential_makes_it_active
                        a_revoked_credential_is_an_error_until_it_is_restored
                        anothers_account_is_refused
                        an_outage_says_nothing_against_the_credential
                        a_slow_provider_times_out;
                    contacts:
                        a_contact_lives_its_life
                        what_is_not_there_is_not_found
                        a_second_creation_is_a_conflict
                        tags_are_added_and_removed
                        a_list_knows_since_when;
                    contact_model:
                        opt_outs_are_kept_apart_from_silence
                        a_phone_that_is_no_number_is_kept_as_it_is
                        an_update_leaves_the_rest_alone;
                    messages:
                        a_message_is_sent_and_listed
                        a_message_without_an_addressee_is_not_sent;
                    signatures:
                        only_genuine_requests_become_events
                        no_input_makes_it_panic
                        answers_are_the_providers_own;
                    deliveries:
                        a_delivery_is_stored_once
                        what_is_not_genuine_leaves_no_row
                        an_unknown_kind_is_delivered_too
                        deep_and_unreadable_payloads_are_answered
                        nobodys_events_are_only_kept_aside
                        a_store_that_is_closed_is_not_an_acceptance;
                    debug:
                        nothing_shows_the_secret;
                }
            ;)+}
            /// The providers that have a fixture.
            const COVERED: &[&str] = &[$(<$fixture as super::fixture::Fixture>::CRATE),+];
        };
    }

    every! {
        aloware: crate::behaviour::aloware::AlowareFixture,
        gohighlevel: crate::behaviour::gohighlevel::GoHighLevelFixture,
        verity: crate::behaviour::verity::VerityFixture,
    }

    /// A provider crate that nobody entered above would go untested.
    #[test]
    fn every_provider_crate_is_in_the_suite() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut clients: Vec<String> = std::fs::read_dir(root)
            .expect("the workspace")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            // Clerk proves people, and is no provider of integrations.
            .filter(|name| name.ends_with("-client") && name != "clerk-client")
            .collect();
        clients.sort();
        assert_eq!(clients, COVERED);
    }
}
