//! Every method by its name.

mod clock;
mod cut;
mod deliveries;
mod duplicates;
mod errors;
mod full_disk;
mod guard;
mod kill;
mod migration;
mod nodes;
mod pause;
mod smtp;
mod stop;
mod sync;

use super::Ground;
use super::run::Figures;
use anyhow::Result;

pub(super) use guard::within;

pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) run: fn(&Ground) -> Result<Figures>,
}

pub(crate) const ALL: &[Method] = &[
    Method {
        name: "kill",
        what: "SIGKILL at any instant loses nothing, and the next start needs no hand (I-01, I-13)",
        run: kill::i_01_i_13_sigkill_at_any_instant,
    },
    Method {
        name: "sync",
        what: "the process ends before and after every sync, write and answer (I-02)",
        run: sync::i_02_the_process_ends_at_every_sync,
    },
    Method {
        name: "errors",
        what: "every write and sync fails, once and for ever (I-03)",
        run: errors::i_03_every_write_and_sync_fails,
    },
    Method {
        name: "full-disk",
        what: "a full disk is answered with 503, and room is enough to go on (I-04)",
        run: full_disk::i_04_a_full_disk,
    },
    Method {
        name: "cut",
        what: "the power goes, and with it everything that was not synced (I-02)",
        run: cut::i_02_the_power_goes,
    },
    Method {
        name: "duplicates",
        what: "twenty copies at the same time count once (I-05)",
        run: duplicates::i_05_copies_at_the_same_time_count_once,
    },
    Method {
        name: "stop",
        what: "SIGTERM under load answers everything that was accepted (I-14)",
        run: stop::i_14_sigterm_under_load,
    },
    Method {
        name: "pause",
        what: "a process that sleeps through its leases changes nothing late (I-17)",
        run: pause::i_17_a_pause_longer_than_the_lease,
    },
    Method {
        name: "clock",
        what: "the system's clock jumps by seconds and by years (I-18)",
        run: clock::i_18_the_clock_jumps,
    },
    Method {
        name: "migration",
        what: "the process ends at every step of an upgrade (I-28)",
        run: migration::i_28_the_process_ends_while_it_upgrades,
    },
    Method {
        name: "nodes",
        what: "nodes at one PostgreSQL are killed and sleep, and its primary is killed (I-15, I-16, I-17)",
        run: nodes::i_15_i_16_i_17_nodes_and_their_database,
    },
    Method {
        name: "smtp",
        what: "a mail arrives once, whatever breaks at whichever step (I-11)",
        run: smtp::i_11_one_mail_whatever_breaks,
    },
    Method {
        name: "deliveries",
        what: "everything that was acknowledged reaches every receiver, with one id and in sequence (I-09, I-10, I-20)",
        run: deliveries::i_09_i_10_i_20_everything_arrives,
    },
    Method {
        name: "guard",
        what: "no name leads to an address that is denied, however the name service answers (I-32)",
        run: guard::i_32_denied_addresses_are_never_reached,
    },
];
