"""The small words by which a language says where a line may end: articles, conjunctions, prepositions.

Both style guides that the presets follow name the same places: break before a conjunction or a preposition,
never between an article and its noun, and not after a word that leans on the next one (a pronoun and its
verb, parts of a verb). A word alone does not tell what it is in its sentence, so lists go by what it mostly
is. A language that is not listed gets breaks by punctuation, pauses and balance alone.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Words in lower case, without punctuation."""

    articles: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    leaning: frozenset[str] = (
        frozenset()
    )  #: others that lean on the next word: determiners, pronouns, auxiliaries


def wording_of(language: str) -> Wording:
    """The lists for a language code as Whisper gives it; empty ones for a language that has none here."""
    return _WORDINGS.get(language, _NONE)


def bare(text: str) -> str:
    """The word as the lists have it, without what opens it. None of them has punctuation at its end."""
    if not text[:1].isalnum():
        text = _OPENING.sub("", text)
    return text.casefold().replace("\u2019", "'")


_OPENING = re.compile(r"^\W+")
_NONE = Wording()


def _wording(articles: str, conjunctions: str, prepositions: str, leaning: str) -> Wording:
    return Wording(*(frozenset(words.split()) for words in (articles, conjunctions, prepositions, leaning)))


_WORDINGS = {
    "en": _wording(
        "a an the",
        "and but or nor so yet because although though while whereas unless until since if when"
        " whenever where that which who whom whose before after as than",
        "about above across against along among around at behind below beneath beside between"
        " beyond by despite down during except for from in inside into like near of off on onto"
        " out outside over past through throughout to toward towards under underneath up upon via"
        " with within without",
        "my your his her its our their this these those some any no every each i you he she it we"
        " they am is are was were be been being have has had do does did will would shall should"
        " can could may might must not mr mrs ms dr very",
    ),
    "de": _wording(
        "der die das den dem des ein eine einen einem einer eines",
        "und oder aber denn sondern weil dass daß ob wenn als wie obwohl damit während bevor"
        " nachdem bis seit sobald falls sodass wo wer was welche welcher welches",
        "an am ans auf aus außer bei beim durch für gegen hinter hinters im in ins mit nach neben"
        " ohne trotz über um ums unter unters vom von vor vors wegen zu zum zur zwischen",
        "mein meine meinen dein deine sein seine seinen ihr ihre ihren unser unsere euer eure"
        " dieser diese dieses diesen diesem kein keine keinen jeder jede jedes ich du er sie es"
        " wir man bin bist ist sind seid war waren habe hast hat haben hatte hatten wird werden"
        " wurde wurden kann können muss müssen soll sollen will wollen nicht sehr herr frau",
    ),
    "fr": _wording(
        "le la les l' un une des du au aux",
        "et ou mais donc or ni car que qu' quand lorsque lorsqu' si comme puisque puisqu' parce"
        " quoique qui dont où",
        "à après avant avec chez contre dans de d' depuis derrière dès devant durant en entre"
        " envers hors jusque jusqu' malgré par parmi pendant pour sans sauf selon sous sur vers",
        "mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces je j'"
        " tu il elle on nous vous ils elles ne n' se s' me m' te t' y suis es est sommes êtes sont"
        " étais était étaient ai as a avons avez ont avait avaient être avoir très pas",
    ),
    "es": _wording(
        "el la los las lo un una unos unas al del",
        "y e o u pero sino ni que porque aunque si cuando mientras como pues donde quien quienes cuyo cuya",
        "a ante bajo con contra de desde durante en entre hacia hasta mediante para por según sin sobre tras",
        "mi mis tu tus su sus nuestro nuestra nuestros nuestras este esta estos estas ese esa"
        " esos esas aquel aquella yo tú él ella nosotros ellos ellas me te se nos le les no soy"
        " eres es somos son era eran fue he has ha hemos han había habían está están ser estar"
        " haber muy",
    ),
    "it": _wording(
        "il lo la i gli le l' un uno una un' del dello della dell' dei degli delle al allo alla"
        " all' ai agli alle dal dallo dalla dall' dai dagli dalle nel nello nella nell' nei negli"
        " nelle sul sullo sulla sull' sui sugli sulle",
        "e ed o oppure ma però né che perché poiché se quando mentre come anche benché dove chi cui quindi",
        "a ad con contro da di d' dopo durante entro fino fra in oltre per presso prima senza"
        " sopra sotto su tra verso",
        "mio mia miei mie tuo tua suo sua suoi sue nostro nostra vostro vostra loro questo questa"
        " questi queste quel quello quella quei io tu lui lei noi voi mi ti si ci vi ne non sono"
        " sei è siamo siete era erano ho hai ha abbiamo avete hanno aveva avevano essere avere"
        " molto",
    ),
    "pt": _wording(
        "o a os as um uma uns umas do da dos das no na nos nas ao aos à às pelo pela pelos pelas num numa",
        "e ou mas nem que porque pois embora se quando enquanto como porém onde quem cujo cuja",
        "ante após até com contra de desde durante em entre para perante por sem sob sobre trás",
        "meu minha meus minhas teu tua seu sua seus suas nosso nossa este esta estes estas esse"
        " essa esses essas aquele aquela eu tu ele ela nós eles elas me te se lhe não sou és é"
        " somos são era eram foi tenho tem temos têm tinha está estão ser estar ter haver muito",
    ),
    "nl": _wording(
        "de het 't een 'n",
        "en of maar want dus dat omdat als toen terwijl hoewel zodat tenzij voordat nadat totdat"
        " die wie waar",
        "aan achter bij binnen boven buiten door in langs met na naar naast om onder op over per"
        " rond sinds te tegen tijdens tot tussen uit van vanaf via volgens voor zonder",
        "mijn jouw je zijn haar ons onze jullie hun dit deze elke elk geen ik jij u hij zij ze"
        " wij we ben bent is was waren heb hebt heeft hebben had hadden word wordt worden werd kan"
        " kunnen moet moeten zal zullen wil niet heel meneer mevrouw",
    ),
}
