using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Recording;

/// <summary>Streams of a recorder that throw whatever there is, call the recorder, or dispose it.</summary>
public sealed class HostileStreamTests
{
    public static TheoryData<Exception> Failures =>
    [
        new IOException("The disk is full."), new InvalidDataException("zip"), new TimeoutException("pipe"), new InvalidOperationException("state"),
        new PeerDisconnectedException("gone"), new OperationCanceledException("token"),
    ];

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public void Whatever_the_stream_throws_ends_the_recording_and_reaches_nobody(Exception thrown)
    {
        using var stream = new ScriptedStream();
        using var recorder = new ConversationRecorder(stream, TimeProvider.System);
        Observe(recorder);
        stream.Writes = () => throw thrown;
        Observe(recorder);
        stream.Writes = static () => { };
        Observe(recorder);
        Assert.Equal((1, 2), (recorder.Recorded, recorder.Lost));
        Assert.Same(thrown, recorder.Failure);
        Assert.Single(Read(stream));
    }

    [Fact]
    public void What_is_observed_out_of_a_write_is_lost_and_spoils_no_record()
    {
        using var stream = new ScriptedStream();
        using var recorder = new ConversationRecorder(stream, TimeProvider.System);
        stream.Writes = () => recorder.Observe(MessageDirection.HostToGuest, new byte[64], default, MessageFault.None);
        Observe(recorder);
        stream.Writes = static () => { };
        Observe(recorder);
        Assert.Equal((1, 2), (recorder.Recorded, recorder.Lost));
        Assert.Equal([1, 2, 3], Assert.Single(Read(stream)).Bytes.ToArray());
    }

    [Fact]
    public void A_write_that_disposes_its_recorder_is_the_last()
    {
        using var stream = new ScriptedStream();
        using var recorder = new ConversationRecorder(stream, TimeProvider.System);
        stream.Writes = recorder.Dispose;
        Observe(recorder);
        Observe(recorder);
        Assert.True(recorder.Lost >= 1);
        Assert.False(stream.CanWrite);
    }

    private static void Observe(ConversationRecorder recorder) => recorder.Observe(MessageDirection.GuestToHost, [1, 2, 3], default, MessageFault.None);

    private static RecordedMessage[] Read(ScriptedStream stream)
    {
        using var reader = new ConversationReader(new MemoryStream(stream.ToArray()));
        return [.. reader.ReadToEnd()];
    }

    private sealed class ScriptedStream : MemoryStream
    {
        public Action Writes { get; set; } = static () => { };

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Writes();
            base.Write(buffer);
        }
    }
}
