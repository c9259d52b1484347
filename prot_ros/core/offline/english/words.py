# SPDX-License-Identifier: Apache-2.0
"""English words by what they do in a sentence, for readers of transcripts without punctuation.

A recogniser writes everything in lower case, so only a list can tell `i am alice` from `i am
tired`. The lists decide in favour of silence: what is in none of them is not understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prot_ros.core.offline.plain_text import listed


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


GIVEN_NAMES = _set("""aaron abby abigail adam adrian ahmed aisha al alan albert alejandro alex
alexander alexandra alexis alfred ali alice alicia alison amanda amber amelia amir amy ana andre
andrea andrew andy angela anita ann anna anne annie anthony anton antonio arthur ashley audrey
ava barbara beatrice becky ben benjamin bernard beth betty bianca bill billy bo bob bobby bora
brad brandon brenda brian bruce bruno caleb calvin camila carl carla carlos carmen carol caroline
catherine cathy cecilia charles charlie charlotte chen chloe chris christina christine
christopher cindy claire clara claudia colin connor craig cynthia daisy dan daniel daniela danny
dave david dean deborah dennis derek diana diego dmitri dominic donald donna doris dorothy
douglas dylan ed eddie edgar edith edward eleanor elena eli elijah elizabeth ella ellen ellie
emily emma eric erica erik erin ethan eugene eun eunji eva evan eve evelyn fatima felix fiona
florence frances francis frank fred frederick gabriel gary gavin george gerald gina giulia gloria
gordon greg gregory gunther hana hannah hans harold harriet harry hassan hazel heather hector
helen helena henry herbert hiroshi holly howard hugo hyejin hyun ian ibrahim ingrid irene iris
isaac isabel isabella ivan jack jackie jacob jake james jamie jan jane janet jason javier jay
jean jeff jeffrey jennifer jenny jeremy jerome jerry jesse jessica jihoon jill jim jimin jimmy
jisoo jisu jiwon jiyoung joan joanna joe joel john johnny jonathan jordan jorge jose joseph josh
joshua juan judith judy julia julian julie june justin karen karl kate katherine kathleen kathy
katie keith kelly ken kenji kenneth kevin kim kyle lara larry laura lauren laurence leah lee lena
leo leon leonard leslie lewis liam lily linda lisa liz logan louis louise lucas lucy luis luke
luna lydia lynn madison marco marcus margaret maria marie marilyn mario marion mark martha martin
mary mason matt matthew maurice max maya megan melanie melissa mia michael michelle miguel mike
mila mina minah minho minji minjun minseo minsu miranda miriam mj mohammed molly monica nadia
nancy naomi natalie natasha nathan neil nicholas nick nicole nigel nina noah nora norman oliver
olivia omar oscar otto owen pablo pamela patricia patrick paul paula pauline pedro peggy penny
peter phil philip phoebe pierre priya rachel raj ralph raymond rebecca ricardo richard rick rita
rob robert roberto robin roger roland ron ronald rosa rose rosie ross roy ruby russell ruth ryan
sally sam samantha samuel sandra sara sarah sasha scott sean sebastian seojun seoyeon sergei seth
sharon sheila shirley simon sofia sohee sonia sooah soojin sophia sophie stanley stella stephanie
stephen steve steven stuart sue suji sunhee susan suzanne sven sylvia tara ted teresa terry
thomas tim timothy tina tobias toby todd tom tommy tony tracy trevor tyler ursula valerie vanessa
vera veronica vicky victor victoria vincent violet virginia vivian walter wanda warren wayne wei
wendy wilfred william xavier yasmin yolanda yong yoon yujin yuki yuna yuri yusuf yvonne zach
zachary zoe""")

RELATIONS: Mapping[str, str] = {
    **{word: word for word in listed("""mother father sister brother wife husband son daughter
grandmother grandfather aunt uncle cousin nephew niece parents grandparents friend girlfriend
boyfriend partner fiance boss colleague neighbor roommate classmate teammate twin children
sisters brothers friends sons daughters cousins stepmother stepfather grandson
granddaughter""")},
    **dict.fromkeys(('mom', 'mum', 'mama', 'mommy', 'mummy'), 'mother'),
    **dict.fromkeys(('dad', 'daddy', 'papa'), 'father'),
    **dict.fromkeys(('grandma', 'granny', 'nana'), 'grandmother'),
    'grandpa': 'grandfather', 'kid': 'child', 'child': 'child', 'kids': 'children',
    'neighbour': 'neighbor', 'flatmate': 'roommate', 'sibling': 'sibling', 'siblings':
'siblings',
    'coworker': 'colleague', 'buddy': 'friend', 'folks': 'parents', 'fiancee': 'fiance',
}  # fmt: skip
BARE_RELATIONS = _set('mom mum mama mommy dad daddy papa grandma granny grandpa mother father')
PLURAL_RELATIONS = _set("""parents grandparents children kids sisters brothers friends sons
daughters cousins siblings folks""")
PETS = _set("""dog cat puppy kitten bird parrot fish goldfish hamster rabbit bunny horse pony
turtle tortoise snake lizard pet robot boat""")
PLURALS: Mapping[str, str] = {
    'sisters': 'sister', 'brothers': 'brother', 'sons': 'son', 'daughters': 'daughter',
    'children': 'child', 'kids': 'child', 'friends': 'friend', 'cousins': 'cousin',
    'dogs': 'dog', 'cats': 'cat', 'birds': 'bird', 'rabbits': 'rabbit', 'horses': 'horse',
    'uncles': 'uncle', 'aunts': 'aunt', 'roommates': 'roommate', 'colleagues': 'colleague',
    'nephews': 'nephew', 'nieces': 'niece', 'hamsters': 'hamster', 'puppies': 'puppy',
    'kittens': 'kitten',
}  # fmt: skip
OWNED_NUMBERS = frozenset({
    'phone number', 'telephone number', 'mobile number', 'room number', 'address',
    'locker number', 'flight number', 'license plate', 'shoe size', 'bus number',
    'apartment number', 'office number', 'seat number', 'passport number',
})  # fmt: skip
"""Properties whose value is a number, or has one in it."""
PET_SYNONYMS = {'puppy': 'dog', 'kitten': 'cat', 'bunny': 'rabbit'}
KIN_ADJECTIVES = _set('older younger big little elder eldest oldest youngest best twin half step')
KIN_SYNONYMS = {'big': 'older', 'elder': 'older', 'little': 'younger'}

PROFESSIONS = _set("""accountant actor actress analyst architect artist astronaut athlete
author baker banker barber barista bartender biologist builder businessman butcher carpenter
cashier chef chemist cleaner clerk coach composer consultant cook dancer dentist designer
detective developer director doctor driver economist editor electrician engineer farmer
filmmaker firefighter fisherman florist gardener geologist guard guide hairdresser historian
housewife interpreter janitor journalist judge lawyer lecturer librarian lifeguard linguist
manager mathematician mechanic miner model musician nanny novelist nurse officer optician
painter paramedic pharmacist philosopher photographer physicist physician pianist pilot plumber
poet policeman politician postman priest principal producer professor programmer psychologist
receptionist reporter researcher sailor salesman scientist secretary singer soldier student
surgeon surveyor tailor teacher technician therapist translator tutor veterinarian vet
violinist waiter waitress welder writer roboticist intern pastor monk nun""")
TRAITS = _set("""married single divorced widowed retired unemployed vegetarian vegan deaf blind
allergic left-handed right-handed pregnant diabetic catholic christian muslim jewish buddhist
hindu atheist""")
NATIONS = _set("""american australian austrian belgian brazilian british canadian chinese
danish dutch egyptian english finnish french german greek indian indonesian iranian irish
israeli italian japanese korean malaysian mexican nigerian norwegian pakistani polish
portuguese russian scottish spanish swedish swiss thai turkish ukrainian vietnamese welsh
african asian european arabic hindi mandarin cantonese latin""")
"""Peoples and languages, which English writes with a capital."""

MONTHS = _set("""january february march april may june july august september october november
december""")

PRONOUNS = _set('i he she they we you it this that these those')
WH_WORDS = _set('what where who whom whose when why how which')
AUXILIARIES = _set("""do does did is are am was were can could would will should have has may
might shall must""")
# Anywhere before a statement, one of these makes it a question, a wish, a guess or hearsay.
UNCERTAIN = WH_WORDS | _set("""if whether unless maybe perhaps probably possibly suppose
imagine pretend wish hope think thinks thought guess believe believes wonder would could should
might will say says said saying tell tells claim claims claimed dream dreamed lie lied lying
joking joke kidding repeat translate spell until once hypothetically apparently supposedly
allegedly reportedly heard hear rumor rumors seems seem almost nearly forget forgets delete erase
ignore disregard told true false untrue neither nor doubt doubts denies want wants wanted
planning plan considering consider whoever""")
FILLERS = _set("""um uh er erm hmm oh ah well so okay ok yes yeah yep no nope hi hello hey
please actually also robot listen look anyway today and but because by now just honestly hm mm
then thanks sorry really right alright all good great nice fine morning evening afternoon there
too""")
ADVERBS = _set("""really also still just actually currently now always often usually mostly
sometimes absolutely both already truly especially mainly originally generally simply
presently""")
CHANGE_ADVERBS = ADVERBS | _set('just recently finally since later then also once eventually')
CONJUNCTIONS = _set('and but because so plus while although though')
# Words at which a value (a name, a place, a thing) ends at the latest.
ENDS = (
    (AUXILIARIES - {'may'})
    | WH_WORDS
    | CONJUNCTIONS
    | _set('i he she they we if when since that than not please then or unless until')
)
TRAILING = _set("""too also much so very lot please really now right moment days these though
well know thanks thank you at the a of and in at all actually currently here there as best most
more lots today always anymore sometimes for to with on from more""")
NAME_ENDS = ENDS | _set("""nice good great glad pleased hello hi hey by from in on at of
speaking thanks thank stop tell count my your you here there the to too now yes no but okay ok
or is""")
NOT_NAMES = (
    NAME_ENDS
    | ADVERBS
    | TRAITS
    | NATIONS
    | _set("""a an this that it them him her his its their our me us mine yours later back
crazy tonight soon anytime taxi spelled spelt written pronounced same maybe again never ever
very so too tired fine well sorry happy sad hungry thirsty sick ill busy ready sure here home
lost late early bored cold hot done afraid scared angry alone alive dead back out up down off
gone new old young small big important hard easy funny secret unknown irrelevant nobody nothing
none only even every each everyone everybody someone somebody anyone anybody something anything
people life time
weather today tomorrow yesterday one two three""")
)
NOT_THINGS = _set("""it this that them him her you me us what how when where nothing none no
neither nobody your his her their its these those such seeing watching everything everybody
something anything i he she they we one myself yourself""")
NOT_PLACES = _set("""it this that here there fear peace harmony hope pain denial love danger my
your his her their our front back case general me us you him them which what
home work school night least all once
first noon bed""")
# Nouns of the hour: having one says nothing about a person.
PASSING = _set("""question questions problem problems idea meeting headache cold fever feeling
request suggestion plan plans dream moment minute minutes second seconds time appointment doubt
favor favour look chance point reason fun lot bit few rest nap call headaches guest guests story
stories recipe bond tournament picture pictures photo photos party ton role deadline exam test
date opinion clue choice""")
SMALL_WORDS = _set('a an the of in on and de la')
ACRONYMS = _set('us usa uk uae eu mit kaist ibm bmw nasa tv')
# What PocketSphinx and others write for places that sound the same.
PLACE_HOMOPHONES = {'soul': 'seoul', 'sole': 'seoul', 'soule': 'seoul', 'career': 'korea'}


def capitalised(words: Iterable[str]) -> str:
    """Return a name or place as one writes it: `new york` as `New York`; capitals told stay."""
    return ' '.join(_capitalised(word, first) for first, word in enumerate(words))


def _capitalised(word: str, position: int) -> str:
    if word != word.lower():
        return word
    if word in ACRONYMS:
        return word.upper()
    if position and word in SMALL_WORDS:
        return word
    return word[:1].upper() + word[1:]
