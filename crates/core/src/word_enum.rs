//! Closed lists of stable words: an enum whose variants have one word each in databases, APIs and filters.

/// Declares such an enum once. Gives it `ALL`, `word`, `from_word`, and serialisation as its word. Variants are
/// ordered as they stand.
macro_rules! word_enum {
    (
        $(#[$outer:meta])*
        $name:ident {
            $($(#[$inner:meta])+ $variant:ident = $word:literal;)+
        }
    ) => {
        $(#[$outer])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$inner])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one, in the order of their rank.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

pub(crate) use word_enum;
