using System.Net.Sockets;

namespace VmBus.Compare;

/// <summary>A Unix socket pair, with blocking calls.</summary>
internal sealed class SocketContender : StreamContender
{
    private readonly Socket _writer;
    private readonly Socket _reader;

    public SocketContender(Case @case, byte[] payload)
        : base(@case, payload)
    {
        // An abstract name: no file.
        var address = new UnixDomainSocketEndPoint($"\0vmbus-compare-{Guid.NewGuid():N}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen(1);
        _writer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _writer.Connect(address);
        _reader = listener.Accept();
    }

    public override void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }

    protected override void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_writer.Send(bytes)..];
    }

    protected override int Read(Span<byte> buffer) => _reader.Receive(buffer);
}
