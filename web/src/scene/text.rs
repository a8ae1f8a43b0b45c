//! How much room words take.
//!
//! The page uses the reader's system font, which the layout cannot ask. Widths here are those of DejaVu Sans, the
//! widest font a reader is likely to have, with full width for Chinese, at the largest size any theme gives the style:
//! a label placed by them has room everywhere.

/// The sizes and weights of words on the stage (`--st-*` in tokens.css).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TextStyle {
    /// Figures on rulers.
    Ruler,
    /// The next offset on a ruler, and figures in chips.
    RulerStrong,
    /// HW 5, LEO 6, c1.
    Mark,
    /// A badge.
    MarkStrong,
    /// Words in the reader's language.
    Word,
    /// Words that matter.
    WordStrong,
    /// Figures and captions.
    Label,
    /// Names of partitions.
    LabelStrong,
    /// The same size as names, not strong.
    Name,
    /// Names of brokers and clients.
    NameStrong,
    /// Config keys.
    Mono,
    /// Figures in large cells.
    CellStrong,
    /// The heading of a half of the stage.
    HeadStrong,
}

impl TextStyle {
    /// Its CSS classes.
    pub fn class(self) -> &'static str {
        match self {
            TextStyle::Ruler => "t-r",
            TextStyle::RulerStrong => "t-r strong",
            TextStyle::Mark => "t-s",
            TextStyle::MarkStrong => "t-s strong",
            TextStyle::Word => "t-w",
            TextStyle::WordStrong => "t-w strong",
            TextStyle::Label => "t-l",
            TextStyle::LabelStrong => "t-l strong",
            TextStyle::Name => "t-b",
            TextStyle::NameStrong => "t-b strong",
            TextStyle::Mono => "t-s mono",
            TextStyle::CellStrong => "t-c strong",
            TextStyle::HeadStrong => "t-h strong",
        }
    }

    /// The largest size any theme or language gives it, in stage units.
    pub fn size(self) -> f64 {
        match self {
            TextStyle::Ruler | TextStyle::RulerStrong => 11.0,
            TextStyle::Mark | TextStyle::MarkStrong | TextStyle::Mono => 12.0,
            TextStyle::Word | TextStyle::WordStrong | TextStyle::Label | TextStyle::LabelStrong => 12.0,
            TextStyle::Name | TextStyle::NameStrong | TextStyle::CellStrong => 13.0,
            TextStyle::HeadStrong => 16.0,
        }
    }

    fn is_strong(self) -> bool {
        matches!(
            self,
            TextStyle::RulerStrong
                | TextStyle::MarkStrong
                | TextStyle::WordStrong
                | TextStyle::LabelStrong
                | TextStyle::NameStrong
                | TextStyle::CellStrong
                | TextStyle::HeadStrong
        )
    }

    /// How wide a text is at most.
    pub fn width(self, text: &str) -> f64 {
        let per_mille: u32 = text.chars().map(|c| self.advance(c)).sum();
        f64::from(per_mille) * self.size() / 1000.0
    }

    fn advance(self, c: char) -> u32 {
        if self == TextStyle::Mono && u32::from(c) < 0x2E80 {
            return 602;
        }
        let strong = self.is_strong();
        match c {
            ' '..='~' => {
                let table = if strong { &BOLD } else { &REGULAR };
                let index = (u32::from(c) - 32) as usize;
                u32::from(table.get(index).copied().unwrap_or(1000))
            }
            '–' => 500,
            '·' => 380,
            '→' | '×' | '−' => 838,
            '…' => 1000,
            // Latin with accents is as wide as the widest lower case letters; everything else takes a full square.
            '\u{A0}'..='\u{24F}' => 800,
            _ => 1000,
        }
    }

    /// The text, cut with an ellipsis where it would be wider than this.
    pub fn fitted(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut cut = String::new();
        for c in text.chars() {
            let mut longer = cut.clone();
            longer.push(c);
            if self.width(&longer) + self.width("…") > width {
                break;
            }
            cut = longer;
        }
        cut.push('…');
        cut
    }

    /// The first of some wordings that fits, or none.
    pub fn first_fitting(self, wordings: &[String], width: f64) -> Option<&String> {
        wordings.iter().find(|wording| self.width(wording) <= width)
    }
}

/// Advance widths of DejaVu Sans from space to tilde, in thousandths of the size.
const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
    748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
];

/// The same of DejaVu Sans Bold.
const BOLD: [u16; 95] = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696, 696,
    696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 372, 775, 637, 995,
    837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716,
    678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712,
    365, 712, 838,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_full_width_and_figures_are_equal() {
        assert_eq!(TextStyle::Word.width("领导者"), 36.0);
        assert_eq!(TextStyle::Label.width("11"), TextStyle::Label.width("98"));
        assert!(TextStyle::LabelStrong.width("orders") > TextStyle::Label.width("orders"));
    }

    #[test]
    fn a_long_name_is_cut_to_fit() {
        let cut = TextStyle::LabelStrong.fitted("a-very-long-topic-name-0", 90.0);
        assert!(cut.ends_with('…') && TextStyle::LabelStrong.width(&cut) <= 90.0, "{cut}");
        assert_eq!(TextStyle::LabelStrong.fitted("orders-0", 90.0), "orders-0");
    }
}
