//! What every store must do, whatever engine it has. Each function is one test over a fresh store; the harness of an
//! engine runs them all ([`for_every_test`]).

pub mod journal;
pub mod mails;
pub mod money;
pub mod news;
pub mod orders;
pub mod people;
pub mod proofs;
pub mod retention;
pub mod reviews;
pub mod sequence;
pub mod standstills;
pub mod telling;
pub mod text;
pub mod upkeep;
pub mod world;

/// Calls `$run!(area, name)` for every conformance test.
macro_rules! for_every_test {
    ($run:ident) => {
        $run! { journal:
            raw_bytes_come_back_exactly,
            identical_bytes_are_a_copy,
            the_latest_hundred_copies_keep_their_time,
            a_copy_of_a_forged_one_is_asked_about_again_after_an_hour,
            no_more_than_so_many_wait,
            lists_are_paged_and_filtered,
            changes_are_announced_after_the_commit,
        }
        $run! { proofs:
            t_c09_a_stale_lease_changes_nothing,
            what_was_proved_on_its_way_in_is_not_proved_again,
            t_c08_a_lease_that_is_not_handed_back_runs_out,
            not_yet_known_is_asked_again_and_at_last_given_up,
            t_g08_growth_is_capped,
            t_c01_replay_of_a_genuine_message,
            t_c02_two_copies_at_the_same_instant,
            t_c03_same_id_other_content,
            a_later_telling_may_name_the_order,
            senders_of_a_generic_gateway_are_strangers_to_each_other,
            another_gateway_of_the_family_is_no_contradiction,
            what_is_proved_takes_the_place_of_what_is_not,
            the_backlog_tells_the_oldest_due_item,
            i_18_what_a_wrong_clock_has_put_off_is_brought_forward,
        }
        $run! { news:
            a_copy_that_is_news_is_asked_about_again,
            news_while_somebody_asks_is_asked_about_afterwards,
            t_g07_a_flood_of_news_starves_nothing_and_hammers_nobody,
            news_does_not_wait_for_a_long_pause,
            what_has_told_of_something_is_not_called_forged_later,
            news_is_not_acknowledged_when_too_many_wait,
            the_answers_that_decided_are_kept,
        }
        $run! { money:
            t_b01_amount_not_compared,
            t_b01_a_payer_cannot_name_articles_at_prices_of_his_own,
            t_b04_order_changed_after_payment_started,
            t_b07_one_transaction_pays_two_orders,
            t_b07_not_even_orders_of_two_shops,
            t_b07_play_money_is_each_shops_own,
            t_b08_refunded_is_never_more_than_paid,
            t_a18_play_money_does_not_pay_where_live_money_is_taken,
            play_money_always_pays_in_the_sample_shop,
            stock_moves_once,
            access_opens_when_settled_and_closes_when_refunded,
        }
        $run! { sequence:
            t_c05_out_of_order,
            t_c05_a_refund_waits_for_its_payment,
            t_c05_a_payment_may_be_quicker_than_its_order,
            a_dispute_finds_its_order_by_its_case,
            a_late_payment_corrects_where_a_refund_belongs,
        }
        $run! { orders:
            numbers_are_taken_from_1001_and_never_twice,
            a_reference_is_used_once,
            orders_are_found,
            another_shop_sees_nothing,
            cancelling_happens_once_and_is_asked_about_when_money_comes,
            what_is_paid_is_not_cancelled,
            the_time_line_tells_everything_in_sequence,
            products_are_replaced_by_article_number,
            accounts_are_changed_but_not_moved,
            the_customer_is_completed_from_the_payment,
        }
        $run! { reviews:
            an_answer_stands_whatever_comes_later,
            a_question_that_settles_itself_needs_no_answer,
            an_unknown_order_is_made_when_accepted,
            an_unknown_order_stays_unknown_when_rejected,
            an_account_may_make_orders_by_itself,
            a_transaction_wanted_twice_is_not_made_into_an_order,
        }
        $run! { mails:
            nobody_is_mailed_twice,
            an_attempt_without_an_end_is_doubtful,
            mails_are_put_off_and_given_up,
            a_customer_without_an_address_is_not_forgotten,
            money_that_nobody_expected_is_mailed_to_the_owner,
            a_mail_about_a_question_carries_it,
            the_owner_writes_to_the_customer,
            templates_are_kept_and_given_back,
            t_e06_mail_bombing_through_us,
        }
        $run! { telling:
            i_10_every_event_is_told_once_and_numbered_without_a_gap,
            i_08_what_waits_for_the_owner_is_not_told,
            what_is_proved_later_is_known_by_the_same_id,
            an_endpoint_gets_what_its_filter_wants,
            i_20_an_endpoint_that_fails_is_left_alone_and_keeps_nobody_waiting,
            an_endpoint_that_fails_for_days_is_paused_and_its_owner_told,
            one_that_fetches_is_never_left_alone,
            a_receiver_that_is_gone_is_told_nothing_more,
            strict_order_waits_within_an_order_and_not_for_others,
            what_was_told_is_sent_anew,
            t_c09_a_stale_lease_on_a_delivery_changes_nothing,
            keys_are_rotated_with_overlap_and_never_lost_by_an_edit,
            bytes_are_known_to_the_endpoint_they_were_sent_to,
            an_order_with_a_url_of_its_own_is_told_there_only,
            deliveries_go_when_they_were_kept_long_enough,
        }
        $run! { standstills:
            i_21_owners_are_told_once_of_a_standstill,
            a_standstill_that_is_over_is_told_as_one,
            a_vendors_platform_is_told,
            i_21_what_may_not_be_told_now_is_not_late,
            i_21_an_endpoint_that_is_told_slowly_is_not_late,
            i_18_a_lease_that_is_kept_does_not_run_out,
        }
        $run! { retention:
            what_was_never_proved_goes_as_a_whole,
            a_proved_request_goes_and_what_it_told_stays,
            details_go_and_outcomes_stay,
            more_than_a_handful_goes_a_handful_at_a_time,
        }
        $run! { people:
            t_f01_first_run_takeover,
            t_f03_password_guessing,
            t_f04_an_ended_session_is_final,
            sessions_wear_out,
            codes_work_once,
            keys_are_found_until_they_are_revoked,
            an_address_belongs_to_one_person,
        }
        $run! { text:
            t_b13_text_encoding,
            t_b14_look_alike_names,
            t_b17_sql_injection_through_notification_fields,
        }
    };
}
pub(crate) use for_every_test;
