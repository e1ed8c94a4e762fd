"""What texts are about: topics by words or by sentence vectors, named, judged and tracked."""

from features.text.topics.analyzer import TopicAnalyzer
from features.text.topics.clusters import ClusterModel, fit_clusters
from features.text.topics.fit import Kind, fit_topic_model
from features.text.topics.lda import fit_topics
from features.text.topics.model import CODE_VERSION, TopicModel

__all__ = [
    "CODE_VERSION",
    "ClusterModel",
    "Kind",
    "TopicAnalyzer",
    "TopicModel",
    "fit_clusters",
    "fit_topic_model",
    "fit_topics",
]
