//! What every implementation of the ports must keep: the same cases for the adapters against
//! DynamoDB and for the world in memory, so that what the simulator shows holds for what is shipped.
//!
//! Each case is given an empty table. [`for_each_case`](crate::for_each_case) makes a test of each.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests, called by tests only")]

mod bookings;
mod codes;
mod consent;
mod erasure;
mod fixtures;
mod inbox;
mod receipts;
mod sending;
mod steps;

pub use bookings::*;
pub use codes::*;
pub use consent::*;
pub use erasure::*;
pub use inbox::*;
pub use receipts::*;
pub use sending::*;
pub use steps::*;

use crate::ports::{
    Budgets, Codes, Consents, Conversations, Erasure, Inbox, Quarantine, RateLimiters, Receipts,
};

/// A table, as the cases need it.
pub trait Table:
    Codes + Consents + Conversations + Erasure + Inbox + Budgets + Quarantine + Receipts + RateLimiters
{
}

impl<T: Codes + Consents + Conversations + Erasure + Inbox + Budgets + Quarantine + Receipts + RateLimiters>
    Table for T
{
}

/// Calls the macro that it is given with the name of every case.
#[macro_export]
macro_rules! for_each_case {
    ($macro:ident) => {
        $macro! {
            what_is_accepted_is_read_back_whole
            of_two_contents_the_first_stays
            an_expired_item_counts_as_absent
            started_keeps_its_first_time_and_creates_nothing
            cancelled_keeps_its_first_time_and_creates_nothing
            a_claim_is_stored_once
            whatever_ends_a_conversation_refuses_a_claim
            a_reply_refuses_only_what_is_unless_replied
            a_step_that_moved_on_is_not_claimed
            shadow_is_stored_under_the_checks_of_a_claim
            every_progress_is_stored_exactly_and_again_without_harm
            a_late_answer_finds_its_own_claim_and_no_other
            what_a_provider_taught_is_stored_with_the_step_or_not_at_all
            a_cancellation_before_its_booking_is_a_tombstone
            a_newer_booking_supersedes_in_the_same_write
            a_report_is_a_repeat_the_second_time
            a_tombstone_is_filled_once
            open_conversations_are_those_of_the_phone_with_time_left
            a_message_is_stored_once
            a_confirmation_is_taken_by_one
            an_opt_out_that_changed_meanwhile_overtakes
            a_reply_counts_where_it_is_said_to
            the_same_event_is_kept_once
            what_is_erased_keeps_ids_times_and_verdicts
            what_is_erased_is_not_claimed_and_not_taken_for_new
            an_erased_opt_out_is_heeded_until_it_is_lifted
            a_contact_that_opted_out_meanwhile_is_not_erased
            an_erased_event_stays_out_of_quarantine
            a_persons_codes_are_erased_with_them
            advertising_is_claimed_with_an_agreement_alone
            a_withdrawal_stops_what_it_is_about
            every_change_of_consent_is_kept_with_its_cause
            of_a_thousand_a_hundred_are_paid_for
            money_that_is_given_back_can_be_spent
            a_true_price_takes_the_place_of_the_expected_one
            a_country_has_limits_of_its_own
            prices_are_noted_where_nothing_has_changed
            a_reported_price_is_settled_once
            each_place_of_a_schedule_is_taken_once
            a_place_of_the_present_second_is_taken_once
            a_delivery_is_noted_and_never_regresses
            a_providers_message_names_its_attempt
            a_verdict_that_was_settled_meanwhile_is_another_one
            a_step_that_runs_again_is_claimed_by_who_has_read_that
            the_customers_last_whatsapp_message_is_known
            a_code_replaces_the_last_one_once_its_time_has_come
            a_withdrawn_code_keeps_nobody_waiting
            attempts_are_counted_while_the_code_is_good
            a_code_is_used_up_once
            codes_are_counted_up_to_a_limit
            an_opt_out_at_the_provider_is_stored_once
        }
    };
}
