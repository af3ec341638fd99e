//! Enums that are a word in the database, on the wire and in URLs.

/// Declares an enum whose variants are one fixed word everywhere.
macro_rules! string_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "db", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
        #[cfg_attr(feature = "db", sea_orm(rs_type = "String", db_type = "String(sea_orm::prelude::StringLen::N(32))"))]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")]
            $(#[$variant_doc])*
            #[serde(rename = $word)]
            #[cfg_attr(feature = "db", sea_orm(string_value = $word))]
            $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for this variant in the database and on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!(
                        "\"{other}\" is not one of: {}",
                        Self::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ")
                    )),
                }
            }
        }

        $crate::string_enum::describe_words!($name, $($doc),+);
    };
}

/// Describes an enum in the OpenAPI document by its words. What derives it would take the
/// names of the variants: it does not see a word that comes from a macro's argument.
macro_rules! describe_words {
    ($name:ident, $($doc:literal),+) => {
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some([$($doc.trim()),+].join("\n")))
                    .enum_values(Some(Self::ALL.iter().map(|one| one.word())))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}

pub(crate) use describe_words;
pub(crate) use string_enum;
