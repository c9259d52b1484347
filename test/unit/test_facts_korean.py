# SPDX-License-Identifier: Apache-2.0
import pytest

from prot_ros.core.facts import NOTE
from prot_ros.core.offline.facts_told import facts_told

SISTER = "user's older sister"
TOLD = {
    '제 이름은 앨리스예요': [('user', 'name', '앨리스')],
    '제 이름은 앨리스고 서울에 살아요': [
        ('user', 'name', '앨리스'),
        ('user', 'lives in', '서울'),
    ],
    '저는 앨리스입니다. 서울에 살고 있어요.': [
        ('user', 'name', '앨리스'),
        ('user', 'lives in', '서울'),
    ],
    '저는 민수라고 해요': [('user', 'name', '민수')],
    '저는 김민수입니다': [('user', 'name', '김민수')],
    '앨이라고 불러 주세요': [('user', 'name', '앨')],
    '제 이름은 Alice예요': [('user', 'name', 'Alice')],
    '저는 서울에서 왔어요': [('user', 'comes from', '서울')],
    '부산 출신이에요': [('user', 'comes from', '부산')],
    '나는 서른 살이야': [('user', 'age', '30')],
    '스물다섯 살이고 부산에 살아요': [('user', 'age', '25'), ('user', 'lives in', '부산')],
    '저는 30살이에요': [('user', 'age', '30')],
    '제 생일은 5월 3일이에요': [('user', 'birthday', '5월 3일')],
    '저는 커피를 좋아해요': [('user', 'likes', '커피')],
    '재즈와 커피를 좋아해요': [('user', 'likes', '재즈'), ('user', 'likes', '커피')],
    '커피하고 재즈를 좋아해요': [('user', 'likes', '커피'), ('user', 'likes', '재즈')],
    '저는 고양이 좋아해요': [('user', 'likes', '고양이')],
    '저는 커피가 좋아요': [('user', 'likes', '커피')],
    '저는 커피 안 좋아해요': [('user', 'dislikes', '커피')],
    '저는 커피를 좋아하지 않아요': [('user', 'dislikes', '커피')],
    '오이를 싫어해요': [('user', 'dislikes', '오이')],
    '제가 제일 좋아하는 음식은 피자예요': [('user', 'favorite food', '피자')],
    '강아지가 있어요': [('user', 'has', '강아지')],
    '저는 렉스라는 강아지를 키워요': [
        ('user', 'has', '강아지'),
        ("user's dog", 'is called', '렉스'),
    ],
    '우리 강아지 이름은 렉스예요': [("user's dog", 'is called', '렉스')],
    '저는 의사예요': [('user', 'works as', '의사')],
    '저는 삼성에서 개발자로 일해요': [
        ('user', 'works as', '개발자'),
        ('user', 'works at', '삼성'),
    ],
    '저는 삼성에 다녀요': [('user', 'works at', '삼성')],
    '저는 한국 사람이에요': [('user', 'is', '한국 사람')],
    '저는 한국어를 해요': [('user', 'speaks', '한국어')],
    '우리 언니는 부산에 살아요': [(SISTER, 'lives in', '부산')],
    '우리 언니 미나는 부산에 살고 의사예요': [
        (SISTER, 'is called', '미나'),
        ('미나', 'lives in', '부산'),
        ('미나', 'works as', '의사'),
    ],
    '제 동생 이름은 미나예요': [("user's younger sibling", 'is called', '미나')],
    '민수는 제 동생이에요': [("user's younger sibling", 'is called', '민수')],
    '제 언니 남편은 톰이에요': [(f"{SISTER}'s husband", 'is called', '톰')],
    '엄마는 꽃을 좋아하세요': [("user's mother", 'likes', '꽃')],
    '여동생이 두 명 있어. 보라랑 미나야.': [
        ('user', 'has', '여동생'),
        ("user's younger sister", 'is called', '보라'),
        ("user's younger sister", 'is called', '미나'),
    ],
    '우리 언니 지수랑 오빠 민수는 부산에 살아': [
        (SISTER, 'is called', '지수'),
        ("user's older brother", 'is called', '민수'),
        ('민수', 'lives in', '부산'),
    ],
    '동생이 있어요. 이름은 지수예요.': [
        ('user', 'has', '동생'),
        ("user's younger sibling", 'is called', '지수'),
    ],
    '고양이 두 마리 키워요. 이름은 미미랑 보라예요.': [
        ('user', 'has', '고양이 두 마리'),
        ("user's cat", 'is called', '미미'),
        ("user's cat", 'is called', '보라'),
    ],
    '친구 민수는 MJ라고도 불러': [
        ("user's friend", 'is called', '민수'),
        ('민수', 'is called', 'MJ'),
    ],
    '제 이름은 김보라예요. 별명은 보리예요.': [
        ('user', 'name', '김보라'),
        ('user', 'is called', '보리'),
    ],
    '다들 나를 앨이라고 불러': [('user', 'is called', '앨')],
    '지수 언니는 간호사야': [('지수', 'works as', '간호사')],
    '민수 씨는 의사예요': [('민수', 'works as', '의사')],
    'MJ는 요리사야': [('MJ', 'works as', '요리사')],
    '사장님이 미국에 사세요': [("user's boss", 'lives in', '미국')],
    '우리 강아지 맥스는 세 살이야': [
        ("user's dog", 'is called', '맥스'),
        ('맥스', 'age', '3'),
    ],
    '저는 테슬라를 몰아요. 기타도 쳐요.': [
        ('user', 'drives', '테슬라'),
        ('user', 'plays', '기타'),
    ],
    '땅콩 알레르기가 있어요': [('user', 'is', '땅콩 알레르기')],
    '카이스트에서 물리학을 공부해요': [
        ('user', 'studies', '물리학'),
        ('user', 'studies at', '카이스트'),
    ],
    '내 전화번호는 010-1234-5678이야': [('user', 'phone number', '010-1234-5678')],
    '재즈를 좋아하고 등산도 좋아해': [
        ('user', 'likes', '재즈'),
        ('user', 'likes', '등산'),
    ],
    '저는 강아지보다 고양이를 더 좋아해요': [('user', 'likes', '고양이')],
    '찾아보니까 보라 생일은 5월 13일이야': [('보라', 'birthday', '5월 13일')],
    '민수는 학교 다닐 때 부산에 살아': [('민수', 'lives in', '부산')],
    '민수는 런던에 살아요': [('민수', 'lives in', '런던')],
    '수민이는 커피를 좋아해요': [('수민', 'likes', '커피')],
    '제 이름은 앨리스라는 걸 기억해 줘': [('user', 'name', '앨리스')],
    '제가 서울에 산다는 것을 기억해 주세요': [('user', 'lives in', '서울')],
    '열쇠가 매트 밑에 있다는 걸 기억해 줘': [('user', NOTE, '열쇠가 매트 밑에 있다')],
    '제 이름은 앨리스인데 지금 몇 시예요?': [('user', 'name', '앨리스')],
}
NOT_TOLD = """민수야 안녕|회사가 판교로 이사했어|두 분 다 전주에 사셔|꿈에서 파리에 살아
서울에 사세요|우리 집은 3층이야|걔는 파리에 살아|민수는 보라랑 친해|제 생일은 다음 주예요
영화 주인공이 파리에 살아|내 이름이 뭐야|제가 어디 살아요|제가 서울에 살아요?|저는 서울에 사나요
제 이름 기억해요?
제 이름 알아요|서울에 살면 좋겠어요|서울에 살고 싶어요|아마 서울에 살아요|밥이 서울에 산다고 했어요
저는 피곤해요|저는 행복해요|날씨가 좋아요|질문이 있어요|혼자 살아요|할 수 있어요|네 이름은 민수야
넌 서울에 살아|너는 어디 살아|오늘 며칠이야|그만해 다른 거 물어볼게|이야기 해 줘|열까지 세어 줘
제 이름을 기억해 줘|안녕하세요|민수는 좋아해요
제 이름은""".replace('\n', '|').split('|')  # fmt: skip


@pytest.mark.parametrize(('text', 'expected'), TOLD.items())
def test_statement_tells_facts(text, expected):
    assert [(f.subject, f.predicate, f.object) for f in facts_told(text)] == expected


@pytest.mark.parametrize('text', NOT_TOLD)
def test_question_doubt_or_denial_tells_nothing(text):
    assert facts_told(text) == ()


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('서울에 살아요', '사용자는 서울에 산다.'),
        ('우리 언니 미나는 부산에 살아요', '사용자의 언니 미나는 부산에 산다.'),
        ('저는 서른 살이에요', '사용자는 서른 살이다.'),
        ('저는 민수예요', '사용자의 이름은 민수다.'),
        ('저는 커피를 싫어해요', '사용자는 커피를 싫어한다.'),
    ],
)
def test_fact_is_written_down_as_a_sentence(text, sentence):
    assert facts_told(text)[-1].text == sentence


def test_sentence_without_a_subject_after_one_about_someone_else_is_not_guessed():
    told = facts_told('우리 언니는 미나예요. 부산에 살아요.')
    assert [(f.subject, f.object) for f in told] == [(SISTER, '미나')]


def test_both_languages_are_read_in_mixed_text():
    told = facts_told('My name is Alice. 서울에 살아요.')
    assert [(f.predicate, f.object) for f in told] == [('name', 'Alice'), ('lives in', '서울')]
