//! Every diagnostic code with its title. Its long story stands in `codes/`, a file for each, with an example
//! that has the problem and one that has not; both are tested.
//!
//! Ranges: 00xx YAML, 01xx structure and names, 02xx types and parameters, 03xx expressions, 04xx templates,
//! 05xx order and use, 06xx triggers, 07xx secrets and data from outside, 09xx manifests of connectors.

macro_rules! codes {
    ($($(#[$outer:meta])* $id:literal $name:ident $title:literal)*) => {
        /// A stable code: an author may search for it, a program may match on it. Never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!($id, ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// All codes, in the order of their ids.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as authors see it.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// The long story: why it is wrong and what to do.
            pub fn story(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("codes/", $id, ".md")),)* }
            }
        }
    };
}

codes! {
    "KW0001" Yaml "the text is not YAML"
    "KW0002" TooLarge "the file is too large"
    "KW0003" TooDeep "the file nests too deep"
    "KW0004" DuplicateKey "a key stands twice"
    "KW0005" Tag "a YAML tag"
    "KW0006" Alias "an alias without its anchor"
    "KW0007" AliasBudget "aliases add too much"
    "KW0008" Documents "more than one document"
    "KW0009" NotAMapping "not a mapping at the top"
    "KW0010" Empty "an empty file"
    "KW0011" NotText "a character that no text has"
    "KW0012" BareHole "a hole without quotes"
    "KW0013" BareExpression "an expression that YAML reads differently"
    "KW0014" Tab "a tab where YAML wants spaces"
    "KW0015" CutComment "a value is cut at ` #`"
    "KW0016" ComplexKey "a key that is no text"
    "KW0017" MergeKey "a merge key without a mapping"
    "KW0018" CurlyQuotes "quotes of a word processor"
    "KW0019" OddBlank "a blank that is none"
    "KW0020" MissingBlank "a colon or its blank is missing"
    "KW0021" LostSpelling "a text that YAML reads as a number"
    "KW0022" Indentation "a key at the wrong depth"
    "KW0023" UnclosedQuote "a quote that is not closed"
    "KW0024" ColonInText "a colon in a text without quotes"
    "KW0025" FirstCharacter "a text that begins with a sign of YAML"
    "KW0026" UnusedAnchor "a mark that nothing names"
    "KW0027" LoneReturn "a line that ends in a carriage return"

    "KW0101" UnknownKey "an unknown key"
    "KW0102" UnknownStep "an unknown step"
    "KW0103" UnknownInput "an unknown input"
    "KW0104" UnknownName "an unknown name"
    "KW0105" UnknownAction "an unknown action"
    "KW0106" NoVerb "a step without a verb"
    "KW0107" TwoVerbs "a step with two verbs"
    "KW0108" VerbNotYet "a verb that is not there yet"
    "KW0109" MissingKey "a missing key"
    "KW0110" InvalidName "an invalid name"
    "KW0111" ReservedItem "a reserved name for an item"
    "KW0112" DuplicateStep "two steps of one name"
    "KW0113" Shadowed "a name that hides another"
    "KW0114" WrongShape "the wrong shape"
    "KW0115" TooManySteps "too many steps"
    "KW0116" NoSteps "no steps"
    "KW0117" NotYet "something that is not there yet"
    "KW0118" HiddenStep "a step inside another block"
    "KW0119" LaterStep "a step of a later part"

    "KW0120" Exclusive "two keys that exclude each other"
    "KW0121" CallsItself "a workflow that calls itself"
    "KW0122" UnknownWorkflow "an unknown workflow"
    "KW0123" NeedsNoMock "a mock or an answer that its step does not need"
    "KW0130" NotMocked "a call that no mock answers"
    "KW0131" MockFails "a mock that cannot answer"
    "KW0132" Unmet "an expectation that is not met"
    "KW0133" NeverUsed "a mock, an answer or a signal that is never used"
    "KW0134" EndlessCase "a case that goes on for ever"
    "KW0150" ForeignKey "a key of another system"
    "KW0151" ForeignName "a name of another system"
    "KW0152" ForeignHole "a mark of another template language"
    "KW0153" StepList "steps as a list"
    "KW0154" MissingBraces "an expression without braces"
    "KW0155" HoleInText "a hole in a text of an expression"

    "KW0201" WrongType "a value of the wrong type"
    "KW0202" MissingParameter "a missing parameter"
    "KW0203" UnknownParameter "an unknown parameter"
    "KW0204" InvalidDuration "an invalid duration"
    "KW0205" InvalidType "an invalid type"
    "KW0206" OutOfRange "a value out of range"
    "KW0207" InvalidPattern "an invalid pattern"
    "KW0208" WrongDefault "a default that does not fit"
    "KW0209" UnknownField "an unknown field"
    "KW0210" InvalidChoice "not one of the choices"
    "KW0211" InvalidTime "an invalid time"
    "KW0212" AmbiguousType "a type that can be read in two ways"
    "KW0213" DuplicateCase "two cases of one key"
    "KW0214" SecretPlace "a secret in the wrong place"
    "KW0215" MayBeNull "a value that may be null"
    "KW0216" MaybeMissing "a field that may be missing"
    "KW0217" NotOneText "a list or an object within a text"
    "KW0218" NeverThisCase "a case that never matches"
    "KW0219" UntypedField "a field of a value that nothing is known of"

    "KW0301" ExprSyntax "the text is no expression"
    "KW0302" ExprLimit "an expression is too long or too deep"
    "KW0303" UnknownFunction "an unknown function"
    "KW0304" ArgumentCount "too many or too few arguments"
    "KW0305" Lambda "a lambda in the wrong place"
    "KW0306" ReservedName "a reserved name"
    "KW0307" StepRoot "a root without a step"
    "KW0308" HyphenName "a name with a hyphen"
    "KW0309" CoalesceMix "`??` beside arithmetic"
    "KW0310" Operands "operands that do not fit"
    "KW0311" ArgumentType "an argument of the wrong type"
    "KW0312" Condition "a condition that is no boolean"
    "KW0313" NeverEqual "a comparison that is always the same"
    "KW0314" IndexType "an index of the wrong type"

    "KW0401" TemplateHole "a hole that is not well-formed"
    "KW0402" TemplateBlock "a block in a text that is unknown or not closed"
    "KW0403" TemplateLimit "a text with too many parts"
    "KW0404" TemplateForeign "something of another template language"

    "KW0501" Cycle "steps that wait for each other"
    "KW0502" ReadsItself "a step that reads itself"
    "KW0503" Unused "a step that nobody reads"
    "KW0504" HardReadOfContinued "a plain read of a step that may fail"
    "KW0505" HardReadOfBody "a plain read of a step that may not have run"
    "KW0506" UselessSetting "a setting without effect"
    "KW0507" AlwaysSame "a condition that is always the same"
    "KW0508" NullTest "a test for null that is never seen"
    "KW0509" MixedReads "plain and soft reads of one step"

    "KW0601" InvalidCron "an invalid cron expression"
    "KW0602" UnknownTrigger "an unknown trigger"
    "KW0603" UnknownZone "an unknown time zone"
    "KW0604" TriggerNotYet "a trigger that does not fire yet (no longer given)"
    "KW0605" OpenInput "a trigger leaves an input open"
    "KW0606" UnknownEvent "an unknown event"
    "KW0607" NeverComes "a schedule that never comes"

    "KW0701" SecretRead "a secret that is read"
    "KW0702" UntrustedTools "acting tools beside data from outside"
    "KW0703" Spliced "a value within a statement"

    "KW0901" OutsideHosts "an address outside of the allowed hosts"
    "KW0902" OpenHost "a field in a host that could be any host"
    "KW0903" UnknownPart "a part of a manifest that there is not"
    "KW0904" UnkeptSafety "a safety that the request does not keep"
    "KW0905" NoSentence "something without a sentence"
    "KW0906" OtherName "a manifest under another name"
}

impl Code {
    /// Finds a code by its id, in whatever case.
    pub fn find(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_sorted_and_found_by_their_id() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].id() < pair[1].id()));
        assert_eq!(Code::find("kw0102"), Some(Code::UnknownStep));
        assert_eq!(Code::find("KW9999"), None);
    }

    #[test]
    fn every_code_has_a_title_and_a_story() {
        for code in Code::ALL {
            assert!(!code.title().is_empty() && code.story().len() > 40, "{}", code.id());
        }
    }
}
