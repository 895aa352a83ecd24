// Writes a conversation to a file while it goes on. The format is that of docs/recording.md.

namespace VmBus.Protocol;

/// <summary>
/// Records the conversation of a connection. Thread-safe. Each message is written and flushed as one piece when it is
/// observed, so that whatever ends the process leaves a recording that reads up to its last whole record; nothing is held
/// in memory but the record being written.
/// </summary>
/// <remarks>
/// A recorder never disturbs what it observes: when the stream fails or the recording has reached its greatest length, it
/// stops recording and counts what it no longer records in <see cref="Lost"/>. In the latter case the last record says so.
/// </remarks>
public sealed class ConversationRecorder : IMessageObserver, IDisposable
{
    /// <summary>The greatest length of a recording by default, in bytes: 1 GiB, some ten million messages.</summary>
    public const long DefaultMaxLength = 1L << 30;

    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private readonly TimeProvider _clock;
    private readonly long _maxLength;
    private readonly bool _leaveOpen;
    private readonly long _start;
    private readonly byte[] _record = new byte[RecordHead.Size + RecordedMessage.MaxLength];
    private TimeSpan _last;
    private bool _isWriting;
    private bool _disposed;

    /// <summary>Begins a recording: writes the head of the file.</summary>
    /// <param name="stream">Where to; written from where it stands, and never read or moved.</param>
    /// <param name="clock">The clock of the times.</param>
    /// <param name="maxLength">The greatest length of the recording in bytes.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the recorder is disposed.</param>
    /// <exception cref="ArgumentException">The stream cannot be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The greatest length has no room for the head of the file and the mark of its end, 64 bytes.</exception>
    /// <exception cref="IOException">The head could not be written.</exception>
    public ConversationRecorder(Stream stream, TimeProvider clock, long maxLength = DefaultMaxLength, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, RecordingHeader.Size + RecordHead.Size);
        if (!stream.CanWrite)
            throw new ArgumentException("The stream cannot be written.", nameof(stream));
        _stream = stream;
        _clock = clock;
        _maxLength = maxLength;
        _leaveOpen = leaveOpen;
        _start = clock.GetTimestamp();
        RecordingHeader.Write(_record, clock.GetUtcNow());
        stream.Write(_record.AsSpan(0, RecordingHeader.Size));
        stream.Flush();
        Length = RecordingHeader.Size;
    }

    /// <summary>How many bytes were written, the head of the file included.</summary>
    public long Length { get; private set; }

    /// <summary>How many messages were recorded.</summary>
    public long Recorded { get; private set; }

    /// <summary>How many messages were observed and not recorded.</summary>
    public long Lost { get; private set; }

    /// <summary>Why the stream failed, which ended the recording; <see langword="null"/> while it has not.</summary>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        lock (_lock)
        {
            // Once one is lost, so are all after it: a recording has no holes. One that comes out of the stream's own write is
            // lost, too: the record of another is on its way.
            int length = RecordHead.Size + Math.Min(message.Length, RecordedMessage.MaxLength);
            if (_disposed || _isWriting || Lost > 0)
            {
                Lost++;
                return;
            }

            TimeSpan now = _clock.GetElapsedTime(_start);
            if (now > _last)
                _last = now;
            // Room for the mark is kept, so that its reader knows that this is not all.
            if (length > _maxLength - Length - RecordHead.Size)
            {
                Lost++;
                TryWrite(RecordHead.WriteEnd(_record, _last));
            }
            else if (TryWrite(RecordHead.Write(_record, _last, direction, negotiated, fault, message)))
                Recorded++;
            else
                Lost++;
        }
    }

    private bool TryWrite(int length)
    {
        _isWriting = true;
        try
        {
            _stream.Write(_record.AsSpan(0, length));
            _stream.Flush();
        }
        catch (Exception failure)
        {
            // Whatever the stream is made of: what it throws would end the connection that is observed.
            Failure = failure;
            return false;
        }
        finally
        {
            _isWriting = false;
        }
        Length += length;
        return true;
    }

    /// <summary>Ends the recording, and closes the stream unless it was to stay open.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (!_leaveOpen)
                _stream.Dispose();
        }
    }
}
