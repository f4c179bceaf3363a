"""Questions as people type them in Chinese, in simplified and traditional letters, with spaces and without."""

from __future__ import annotations

import pytest

from tests.languages.support import Ask, check

QUESTIONS = (
    ("海滩上的狗", "dog beach", "dog on the beach"),
    ("海灘上的狗", "dog beach", "dog on the beach"),
    ("沙滩 狗", "dog beach", "dog on the beach"),
    ("一只狗在沙滩上", "dog beach", "dog on the beach"),
    ("雪地里的两只狗", "snow two dogs", "dogs in the snow"),
    ("兩隻狗在雪地裡", "two dogs snow", "dogs in the snow"),
    ("红色汽车", "red car", "red car"),
    ("紅色汽車", "red car", "red car"),
    ("一辆红色的车", "red car", "red car"),
    ("红车", "red car", "red car"),
    ("街上的蓝色汽车", "street blue car", "blue car"),
    ("黑狗", "black dog", "black dog"),
    ("草地上的黑色小狗", "grass black dog", "black dog"),
    ("沙发上的猫", "couch cat", "cat on a couch"),
    ("睡觉的猫", "sleeping cat", "cat on a couch"),
    ("窗边的白猫", "window white cat", "white cat"),
    ("白猫在窗户旁边", "white cat window", "white cat"),
    ("孩子的生日", "child birthday", "birthday party"),
    ("十二月的生日", "december birthday", "birthday party"),
    ("生日蛋糕和蜡烛", "birthday candle", "birthday party"),
    ("花园里的气球", "garden balloon", "birthday in the garden"),
    ("圣诞节", "christmas", "christmas"),
    ("聖誕節", "christmas", "christmas"),
    ("湖上的小船", "lake boat", "mountain lake"),
    ("山和湖", "mountain lake", "mountain lake"),
    ("在山上滑雪", "mountain skiing", "snowy mountains"),
    ("海上日落", "sea sunset", "sunset at sea"),
    ("大海和夕阳", "sea sunset", "sunset at sea"),
    ("草原上的马", "meadow horse", "horses on a meadow"),
    ("骑自行车的男孩", "cycling boy", "boy with a bicycle"),
    ("小女孩在玩沙子", "girl playing sand", "girl playing in the sand"),
    ("荡秋千的孩子", "swing child", "child on a swing"),
    ("穿红裙子的女人", "red dress woman", "woman in a red dress"),
    ("戴眼镜的男人", "glasses man", "man with glasses"),
    ("教堂婚礼", "church wedding", "bride and groom"),
    ("新娘和新郎", "bride groom", "bride and groom"),
    ("森林里的城堡", "forest castle", "castle"),
    ("河上的桥", "river bridge", "bridge over a river"),
    ("城市夜景", "city night", "city at night"),
    ("晚上的城市", "night city", "city at night"),
    ("树上的鸟", "tree bird", "bird in a tree"),
    ("黄花上的蝴蝶", "yellow flower butterfly", "butterfly on a flower"),
    ("向日葵", "sunflower", "sunflowers"),
    ("机场的飞机", "airport airplane", "airplane"),
    ("港口的轮船", "harbor ship", "ship"),
    ("体育场里踢足球", "stadium soccer", "soccer"),
    ("咖啡和蛋糕", "coffee cake", "coffee and cake"),
    ("雨林瀑布", "rainforest waterfall", "waterfall"),
    ("露营篝火", "camping fire", "tent"),
    ("红绿灯", "traffic light", "traffic light"),
    ("彩虹", "rainbow", "rainbow"),
    ("夜里的烟花", "night fireworks", "fireworks"),
    ("市场上的水果或者蔬菜", "market fruit OR vegetable", "old market"),
    ("黄色雨伞", "yellow umbrella", "yellow umbrella"),
    ("背包徒步", "backpack hiking", "hiking"),
    ("河里的棕熊", "river brown bear", "brown bear"),
    ("没有人的海滩", "beach without people", ""),
    ("沒有人的海灘", "beach without people", ""),
    ("海滩 -人", "beach -person", "empty beach"),
    ("火车", "train", "train"),
    ("弹吉他", "guitar", "guitar"),
)


@pytest.mark.parametrize(("question", "english", "picture"), QUESTIONS)
def test_question(ask: Ask, question: str, english: str, picture: str) -> None:
    check(ask, "zh", question, english, picture)
