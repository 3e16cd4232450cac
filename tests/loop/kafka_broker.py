"""Apache Kafka on loopback for tests: one node of its own (KRaft), a small heap, killed when the block ends."""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JAVA = ["java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true"]


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def jars():
    """The folder of Kafka's jars, and why there is none."""
    if shutil.which("java") is None:
        return None, "java is not there (Debian: openjdk-17-jre-headless)"
    done = subprocess.run([ROOT / "tools/get_kafka.sh"], capture_output=True, text=True, check=False)
    return (done.stdout.strip() or None), done.stderr.strip()


class Broker:
    def __init__(self, folder):
        self.classes = f"{folder}/*"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="sparrow-kafka-"))
        self.port, secure, controller = free_ports(3)
        self.address, self.secure_address = f"127.0.0.1:{self.port}", f"127.0.0.1:{secure}"  # the second by TLS and a password
        self.user, self.password = "sparrow", "s3cret-of-the-broker"
        self.authority = self.certificates()
        self.properties = self.work / "server.properties"
        self.properties.write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://{self.address},SASL_SSL://{self.secure_address},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{self.user}="{self.password}";
ssl.keystore.type=PEM
ssl.keystore.location={self.work}/server.pem
log.dirs={self.work}/data
num.partitions=3
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
""", encoding="utf-8")
        self.log = open(self.work / "log", "a", encoding="utf-8")
        self.process = None
        self.java("kafka.tools.StorageTool", "format", "-t", "c3BhcnJvdy1rYWZrYS0wMQ", "-c", str(self.properties)).wait(timeout=60)

    def certificates(self):
        """Makes server.pem (key and chain) signed by an authority of its own; returns the authority's certificate."""
        authority, key = self.work / "authority.pem", self.work / "authority.key"

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.work)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=Tests", "-keyout", key, "-out", authority)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
        (self.work / "names").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
        openssl("x509", "-req", "-in", "server.csr", "-CA", authority, "-CAkey", key, "-CAcreateserial", "-days", 2, "-extfile", "names", "-out", "server.crt")
        parts = [(self.work / name).read_text(encoding="utf-8") for name in ("server.key", "server.crt", "authority.pem")]
        (self.work / "server.pem").write_text("".join(parts), encoding="utf-8")
        return authority

    def java(self, *arguments):
        return subprocess.Popen([*JAVA, "-cp", self.classes, *arguments], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def start(self, wait=True):
        self.process = self.java("kafka.Kafka", str(self.properties))
        deadline = time.time() + 60
        while wait and not self.answers():
            if self.process.poll() is not None or time.time() > deadline:
                raise RuntimeError("Kafka did not start: " + pathlib.Path(self.log.name).read_text(encoding="utf-8")[-3000:])
            time.sleep(.2)

    def answers(self):
        return subprocess.run(["kcat", "-b", self.address, "-L", "-m", "2"], capture_output=True, check=False).returncode == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def say(self, topic, *messages):
        """Each text is a message; kcat ends a message at a line's end."""
        subprocess.run(["kcat", "-b", self.address, "-t", topic, "-P"], input="\n".join(messages) + "\n", text=True, check=True, capture_output=True)

    def messages(self, topic):
        read = subprocess.run(["kcat", "-b", self.address, "-t", topic, "-C", "-e", "-q"], capture_output=True, text=True, check=True)
        return read.stdout.splitlines()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.work, ignore_errors=True)
