"""Names and words that eSpeak's Portuguese reads by their spelling, written as Brazilians say them.

Chosen by its phonemes: "Thiago" lost its "tch", "Jennifer" its "dj", "internet" its last vowel. Names that it says well
("Matheus", "William", "Yuri") stay away, and the owner's own dictionary comes first.
"""

_NAMES = """
Thiago=Tiago Ruth=Rute Elizabeth=Elizabete Elisabeth=Elizabete Judith=Judite Kethelyn=Kételin Ketlin=Kétlin
Wendel=Uêndel Wendell=Uêndel Wallace=Uálace Wanderley=Vanderlei Wanderlei=Vanderlei Giovanna=Djiovana Giovana=Djiovana
Giovanni=Djiovâni Giovani=Djiovâni Jennifer=Djênifer Jeniffer=Djênifer Jenifer=Djênifer Jessica=Djéssica
Jéssica=Djéssica Jonathan=Djônatan Jonatan=Djônatan Jhonatan=Djônatan Jonathas=Djônatas Jhon=Djón John=Djón
Johnny=Djóni Jhonny=Djóni Jack=Djék Jackson=Djékson Kelli=Quéli Brayan=Bráian Bryan=Bráian Ryan=Ráian Emilly=Êmili
Emily=Êmili Nicolly=Nicóli Esther=Éster Ester=Éster Hudson=Rúdson Isaac=Isaque Izaac=Isaque David=Dávidi Lucca=Luca
Rayssa=Raíssa Raissa=Raíssa Héctor=Éctor Hector=Éctor Sophie=Sofí Stephanie=Stéfani Stefanie=Stéfani Yan=Iã Ian=Iã
Jean=Jeã
"""
_WORDS = """
wi-fi=uaifai wifi=uaifai smartphone=ismartifone checkout=tchecáuti cashback=quéxi-béqui feedback=fídi-béqui
notebook=nôuti-búqui internet=internéti online=onláini on-line=onláini delivery=delíveri drive-thru=dráivi-trú
Facebook=Feicibúqui YouTube=Iutúbi Google=Gúgou iPhone=aifône Uber=Úber iFood=aifúdi TikTok=Tíqui-tóqui
Netflix=Nétiflics Pinterest=Pinterést Bluetooth=blutúfi e-book=íbúqui ebook=íbúqui workshop=uôrqui-xópi
coaching=côutchin INSS=i-ene-esse-esse IPTU=i-pê-tê-u
"""
PORTUGUESE = {
    written: said.replace("-", " ") for written, _, said in (pair.partition("=") for pair in (_NAMES + _WORDS).split())
}
