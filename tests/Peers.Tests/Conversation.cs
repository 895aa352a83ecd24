namespace VmBus.Peers.Tests;

/// <summary>What one end has to send and to receive, and the loop that does it.</summary>
internal sealed class Conversation(IChannelEnd end, Doorbell own, Traffic sending, long toSend, Traffic receiving, long toReceive)
{
    private long _sent;
    private long _received;
    private long _slept;
    private State _state = State.Starting;

    private enum State
    {
        Starting,
        Awake,
        Idle,
        Asleep,
    }

    public long Slept => _slept;

    /// <summary>One burst each way. Returns whether anything moved.</summary>
    private bool Step()
    {
        int moved = 0;
        if (_sent < toSend)
        {
            int sent = end.Send(sending, _sent, toSend);
            _sent += sent;
            moved += sent;
        }

        if (_received < toReceive)
        {
            int received = end.Receive(receiving, _received);
            _received += received;
            moved += received;
            if (_received > toReceive)
                Assert.Fail($"{_received} packets arrived of {toReceive} sent.");
        }

        return moved != 0;
    }

    /// <summary>
    /// One step of <see cref="Run"/>, for a thread that plays both ends: the other end may do anything between the look
    /// that found nothing and the request for a signal. Returns <see langword="false"/> while asleep.
    /// </summary>
    public bool Advance()
    {
        switch (_state)
        {
            case State.Awake:
                if (!Step())
                    _state = State.Idle;
                return true;
            case State.Idle when !Arm():
                _slept++;
                _state = State.Asleep;
                return true;
            case State.Asleep when !own.TryAnswer():
                return false;
            default:
                end.Disarm();
                _state = State.Awake;
                return true;
        }
    }

    public bool IsOver => _sent == toSend && _received == toReceive;

    /// <summary>To the end, asleep whenever nothing moves: only the other end's signal goes on from there.</summary>
    public void Run(Func<string> state, CancellationToken otherFailed)
    {
        end.Disarm();
        while (!IsOver)
        {
            if (Step())
                continue;
            if (!Arm())
            {
                _slept++;
                own.Wait(() => $"{_sent} of {toSend} sent, {_received} of {toReceive} received; {state()}", otherFailed);
            }

            end.Disarm();
        }
    }

    private bool Arm() => end.Arm(_sent < toSend ? sending.Payload(_sent).Length : -1, _received < toReceive);
}
