# SPDX-License-Identifier: Apache-2.0
"""Korean words by what they do in a sentence, and particles taken off them.

As in English, the lists decide in favour of silence: what is in none of them is not understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prot_ros.core.offline.english.words import GIVEN_NAMES
from prot_ros.core.offline.plain_text import listed
from prot_ros.core.offline.romanization import LOANED_NAMES, has_final, has_final_rieul


def _set(words: str) -> frozenset[str]:
    return frozenset(listed(words))


KIN: Mapping[str, str] = {
    '언니': 'older sister', '누나': 'older sister', '오빠': 'older brother', '형': 'older brother',
    '여동생': 'younger sister', '남동생': 'younger brother', '동생': 'younger sibling',
    '자매': 'sister', '형제': 'brother', '어머니': 'mother', '엄마': 'mother', '어머님': 'mother',
    '아버지': 'father', '아빠': 'father', '아버님': 'father', '부모님': 'parents',
    '할머니': 'grandmother', '할아버지': 'grandfather', '남편': 'husband', '아내': 'wife',
    '와이프': 'wife', '아들': 'son', '딸': 'daughter', '이모': 'aunt', '고모': 'aunt',
    '삼촌': 'uncle', '외삼촌': 'uncle', '사촌': 'cousin', '조카': 'nephew', '친구': 'friend',
    '남자친구': 'boyfriend', '여자친구': 'girlfriend', '동료': 'colleague',
    '룸메이트': 'roommate', '상사': 'boss', '사장님': 'boss', '팀장님': 'boss',
    '이웃': 'neighbor', '쌍둥이': 'twin',
    '강아지': 'dog', '개': 'dog', '고양이': 'cat', '토끼': 'rabbit', '새': 'bird',
    '햄스터': 'hamster', '물고기': 'fish', '거북이': 'turtle',
}  # fmt: skip
"""Relatives, friends and pets, with the English word that names them in a fact."""

FAVOURITES: Mapping[str, str] = {
    '음식': 'food', '색': 'color', '색깔': 'color', '노래': 'song', '음악': 'music',
    '영화': 'movie',
    '책': 'book', '운동': 'sport', '스포츠': 'sport', '계절': 'season', '동물': 'animal',
    '과일': 'fruit', '가수': 'singer', '배우': 'actor', '도시': 'city', '게임': 'game',
    '꽃': 'flower',
}  # fmt: skip

PROFESSIONS = _set("""의사 간호사 교사 선생님 선생 학생 대학생 고등학생 중학생 초등학생 대학원생
교수 변호사 판사 검사 경찰 경찰관 소방관 군인 요리사 셰프 제빵사 가수 배우 작가 화가 기자
아나운서 피디 감독 음악가 작곡가 피아니스트 무용수 모델 디자이너 개발자 프로그래머 엔지니어
기술자 과학자 연구원 연구자 회사원 직장인 공무원 은행원 회계사 건축가 약사 수의사 치과의사
한의사 미용사 운전사 기사 조종사 승무원 농부 어부 목수 상인 사장 비서 번역가 통역사 사서 사업가
주부 운동선수 축구선수 야구선수 코치 트레이너 상담사 심리학자 물리학자 화학자 수학자 역사학자
철학자 경제학자 목사 신부 스님 인턴 바리스타 유튜버 정치인 영업사원 컨설턴트 분석가 번역사 강사""")
TRAITS = _set(
    '채식주의자 비건 왼손잡이 오른손잡이 기혼 미혼 기독교인 불교신자 천주교신자 무교 외동'
)

INSTRUMENTS = _set('기타 피아노 드럼 바이올린 첼로 플루트 베이스 하프 색소폰 우쿨렐레 가야금')
NUMBERS: Mapping[str, str] = {
    '전화번호': 'phone number', '휴대폰번호': 'phone number', '핸드폰번호': 'phone number',
    '방번호': 'room number', '호실': 'room number', '주소': 'address', '차번호': 'license plate',
    '사물함번호': 'locker number', '자리번호': 'seat number', '여권번호': 'passport number',
    '신발사이즈': 'shoe size',
}  # fmt: skip
"""Properties whose value is a number or has one in it, without the spaces in their names."""
CALLERS = _set(
    '다들 모두 모두가 사람들은 사람들이 친구들은 친구들이 우리는 우린 가족들은 다 남들은'
)
"""Who gives somebody one more name."""
NO_MORE = _set('이제 이제는 이젠 더이상 더는 이상')
"""With a negation: what is said not to be so was so before."""
FORMERLY = _set(
    '예전에 예전에는 예전엔 옛날에 옛날에는 옛날엔 한때 한때는 전에는 전엔 어릴 어렸을 원래'
)
"""With a past form: what was so is no longer."""
OF_THE_HOUR = _set(
    '더 때 때는 때에 적에 지금은 요즘은 요즘에는 현재는 최근에 얼마 얼마전에 드디어 방금'
)
"""Words about time that are neither a date nor part of a value."""
TOGETHER = _set(
    '분 분은 분이 둘 둘이 둘은 셋 셋이 걔 걔는 걔가 걔네 걔네는 그분 그분은 그분이 그녀는 그는'
)
"""They mean who was told of before, which is not known for certain."""
FIRST_PERSONS = _set('저 나 전 난 제가 내가 저는 나는 저도 나도 저를 나를')
SECOND_PERSONS = _set('너 넌 너는 너도 네가 니가 당신 당신은 당신이 넌요')
MODIFIERS = _set('좋아하는 싫어하는 있는 없는 사는 일하는 다니는 하는 키우는 아는 모르는 같은')
MINE = _set('제 내 우리 저희 저의 나의 우리집')
INTERROGATIVES = (
    '어디', '뭐', '뭘', '뭔', '무엇', '무슨', '누구', '누군', '누가',
    '언제', '몇', '왜', '어떻게', '어느',
    '어떤', '얼마', '며칠', '어때', '무얼',
)  # fmt: skip
FILLERS = _set("""음 어 그 아 네 예 응 아니 아니요 아뇨 그리고 그런데 근데 사실 지금 요즘 현재 정말
정말로 진짜 아주 매우 너무 많이 또 또한 참 항상 늘 원래 그냥 안녕 안녕하세요 안녕하십니까
반가워요 반갑습니다 저기 저기요 로봇 로봇아 그럼 그래서 처음 모두 다 함께 같이 혼자 로봇님
여보세요 실은 특히 자주 있잖아 있잖아요 있지 글쎄 맞다 참고로 아참 아직 이미 벌써""")
DOUBTS = _set(
    '꿈에서 꿈에 꿈속에서 영화에서 소설에서 드라마에서 게임에서 '
    '만약 만일 만약에 혹시 아마 아마도 어쩌면 가령 농담 거짓말 상상 잊어 잊어줘 잊고 잊어버려 '
    '지워 지워줘 삭제해 삭제해줘 무시하고 무시해 취소해'
)
FOODS_LIKE_DOUBTS = _set('라면 컵라면 신라면')
DOUBT_ENDINGS = ('다면', '라면', '으면', '하면', '살면', '이면', '오면', '다니면', '우면')
# Words that end in what looks like a particle.
WHOLE_WORDS = _set("""고양이 호랑이 원숭이 거북이 떡볶이 어린이 아이 종이 오이 놀이 나이 작가 화가
음악가 작곡가 휴가 국가 종로 도로 포도 지도 제주도 태권도 온도 회의 강의 사과 치과 효과 결과
비둘기 쌍둥이 왼손잡이 오른손잡이 가이 파이 와이 하와이 두바이 상하이 차이 사이 우리 유도 검도
독도 강원도 경기도 전라도 경상도 충청도 여의도 을지로 개 새 가을 마을 노을 겨울 얼굴 가운데
축구 하나 이과 문과 카페라테 인도 언니 어머니 할머니""")
POINTING = _set('이걸 그걸 저걸 이것 그것 저것 이거 그거 저거')
NOT_PEOPLE = _set("""주인공 손님 남자 여자 아이들 애들 아기 회원 고객 직원 학생들 친구들 가족
팀 사장 팀장 부장 과장 대리 교수님 선생님 누군가가 이사 이것 그것 저것 이거 그거 저거 여기
거기 저기 오늘 내일 어제 날씨 기분 사람 사람들 모두 누군가 아무도 학교 회사 집 이름 생일 나이
직업 고향 취미 시간 로봇 너 네 당신 그 이 저 우리 나 제 내 문 불 밖 말 일 수 것 게 커피 차
음악 영화 책 노래 음식 하늘 땅 물 비 눈 바람 세상 인생 사랑 행복""")
PASSING = _set(
    '질문 문제 시간 일 약속 생각 회의 수 것 거 계획 열 감기 두통 시험 꿈 관심 걱정 말 데 적 줄'
)
PLACES_OF_LEARNING = ('학교', '대학', '대학교', '대학원', '학원', '유치원')

_SURNAMES = frozenset(
    '김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구나민진지엄'
)
_NAME_SYLLABLES = frozenset(
    '민수지영현준서은정미진희윤하연우경성재훈호석태동규철상원혁찬빈나아라유림선혜주예다도시'
    '건승용환기인종채소슬솔율한별온범균섭식순옥숙란화보람'
)
_NOT_GIVEN = _set("""수영 정원 지구 주인 유리 수도 도시 시민 우주 기호 유지 주소 미소 소리 인도
아기 나라 하나 우정 시인 동기 상호 기준 수준 성인 미인 인하 상하 선수 가수 도로 용기 미래 원숭
주미 기아 태도 시도 정도 지도 선서 동화 영화 기지 현재 인재 진지 수다 주유 시기 유도 하인 나무
아이 연주 연기 다시 기도""")

_PARTICLES = (
    '께서는', '에서는', '이랑', '한테', '에게', '에서', '께서', '으로', '로', '에', '을', '를',
    '은', '는',
    '이', '가', '도', '랑', '와', '과', '의',
)  # fmt: skip
_AFTER_FINAL = frozenset({'으로', '을', '은', '이', '과', '이랑'})
_AFTER_VOWEL = frozenset({'로', '를', '는', '가', '와', '랑'})


@dataclass(frozen=True)
class Phrase:
    """Words that belong together, and the particle at their end: `제 언니` + `는`."""

    words: tuple[str, ...]
    particle: str


def phrases(words: list[str]) -> list[Phrase]:
    """Group words up to each particle; words after the last one form a phrase without any."""
    found: list[Phrase] = []
    waiting: list[str] = []
    for word, following in zip(words, [*words, ''][1:], strict=True):
        stem, particle = without_particle(word)
        if word.endswith('하고') and following.endswith(('을', '를')):
            stem, particle = word[:-2], '하고'  # `커피하고 재즈를`
        if word in FIRST_PERSONS:
            found.append(Phrase(('저',), '는'))
            waiting = []
        elif word in SECOND_PERSONS:
            found.append(Phrase(('너',), '는'))
            waiting = []
        elif word in ('씨는', '씨가', '님은', '님이') and waiting:
            found.append(Phrase(tuple(waiting), '는'))
            waiting = []
        elif not particle or particle == '의':
            waiting.append(stem)
        else:
            found.append(Phrase((*waiting, stem), particle))
            waiting = []
    if waiting:
        found.append(Phrase(tuple(waiting), ''))
    return found


def without_particle(word: str) -> tuple[str, str]:
    """Split `서울에서` into `서울` and `에서`; the particle is '' where there is none."""
    if (
        word in WHOLE_WORDS | MODIFIERS
        or word in KIN
        or word in PROFESSIONS
        or word in LOANED_NAMES
    ):
        return word, ''
    for particle in _PARTICLES:
        stem = word.removesuffix(particle)
        if stem == word or not stem:
            continue
        if particle in _AFTER_FINAL and not has_final(stem):
            continue
        if (
            particle in _AFTER_VOWEL
            and has_final(stem)
            and not (particle == '로' and has_final_rieul(stem))
        ):
            continue
        return stem, particle
    return word, ''


def likely_name(word: str) -> bool:
    """Tell whether a word is a person's name: known, or built as Korean names are."""
    if word in NOT_PEOPLE or word in PROFESSIONS or word in KIN or word in _NOT_GIVEN:
        return False
    if word in LOANED_NAMES or word.lower() in GIVEN_NAMES:
        return True
    if word.isascii():
        return word[:1].isupper() and word.isalpha()
    given = word[1:] if len(word) == 3 and word[0] in _SURNAMES else word
    return len(given) == 2 and given not in _NOT_GIVEN and set(given) <= _NAME_SYLLABLES
