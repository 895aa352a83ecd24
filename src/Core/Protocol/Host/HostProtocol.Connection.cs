// How a guest comes and goes: contact, the version, unload, contact again while it is connected or its devices still let go,
// reset.

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private HostConnection? _connection;
    private HostSequel _sequel;
    private ContactRequest _nextContact;
    private bool _answerUnload;
    private bool _disconnectAsked;

    // What follows when the connection has ended.
    private enum HostSequel
    {
        Nothing,
        AnswerUnload,
        Contact,
        Reset,
    }

    private bool IsResetting => _sequel == HostSequel.Reset;

    /// <summary>
    /// The guest is gone: everything of its is closed and given back, reserved channels too, and it is sent nothing more.
    /// Devices are asked to let go as at an unload; until they have, the state is <see cref="HostState.Disconnecting"/> and
    /// nothing may be received. Does nothing while a reset is under way.
    /// </summary>
    public void Reset()
    {
        if (IsResetting)
            return;
        if (IsRestoring)
            CompleteRestore();
        DropMessages();
        _aside.Clear();
        if (RequestDisconnect(HostSequel.Reset))
            DoSequel();
    }

    /// <summary>Answers <see cref="HostAction.Connect"/>.</summary>
    /// <param name="state">
    /// Whether the connection stands; otherwise the guest is told why, in versions that can tell it, and is disconnected.
    /// </param>
    /// <exception cref="InvalidOperationException">No contact waits for an answer.</exception>
    public void CompleteConnect(ConnectionState state)
    {
        if (State != HostState.Connecting)
            throw new InvalidOperationException($"No contact waits for an answer; the connection is {State}.");
        bool connected = state == ConnectionState.Successful;
        // Of several contacts only the last is answered: the guest no longer waits for the others.
        if (_sequel is not (HostSequel.Contact or HostSequel.Reset))
            AnswerContact(_connection!.Version, state, connected ? _connection.ServerMonitorPages : null);
        State = connected ? HostState.Connected : HostState.Disconnected;
        if (!connected)
            _connection = null;
        if (_sequel != HostSequel.Nothing && RequestDisconnect(_sequel))
            DoSequel();
    }

    /// <summary>Answers <see cref="HostAction.Disconnect"/>.</summary>
    /// <exception cref="InvalidOperationException">No disconnect waits for an answer.</exception>
    public void CompleteDisconnect()
    {
        if (!_disconnectAsked)
            throw new InvalidOperationException($"No disconnect waits for an answer; the connection is {State}.");
        _disconnectAsked = false;
        // A reset that came in between wants reserved channels closed as well.
        if (!IsLetGo)
            return;
        State = HostState.Disconnected;
        DoSequel();
    }

    private MessageFault OnUnload()
    {
        _answerUnload = !Negotiated.IsNegotiated || Negotiated.AnswersUnload;
        if (RequestDisconnect(HostSequel.AnswerUnload))
            DoSequel();
        return MessageFault.None;
    }

    private void Contact(in ContactRequest request)
    {
        _nextContact = request;
        DropMessages();
        if (RequestDisconnect(HostSequel.Contact))
            DoSequel();
    }

    // Takes everything from the guest. Answers whether the connection has ended already; otherwise it does when devices have
    // let go, and the sequel follows then.
    private bool RequestDisconnect(HostSequel sequel)
    {
        _sequel = sequel;
        if (State is HostState.Connected or HostState.Paused)
        {
            State = HostState.Disconnecting;
            _connection = null;
        }

        foreach (HostChannel channel in _channels.Values.ToArray())
        {
            if (IsResetting || !channel.IsReserved)
                Release(channel);
        }

        _transportConnects.Clear();
        if (State == HostState.Disconnected && !IsLetGo)
            State = HostState.Disconnecting;
        CheckDisconnected();
        return State == HostState.Disconnected;
    }

    // To be called whenever a channel or a GPADL may have been the last that a device held on to.
    private void CheckDisconnected()
    {
        if (State != HostState.Disconnecting || _disconnectAsked || !IsLetGo)
            return;
        _disconnectAsked = true;
        Do(new HostAction.Disconnect());
    }

    // Whether the host's side holds on to nothing of the guest's; reserved channels may, unless it is reset.
    private bool IsLetGo
    {
        get
        {
            foreach (HostChannel channel in _channels.Values)
            {
                if (!channel.IsReset && (IsResetting || !channel.IsReserved))
                    return false;
            }

            return !_modifyAsked;
        }
    }

    private void DoSequel()
    {
        HostSequel sequel = _sequel;
        _sequel = HostSequel.Nothing;
        if (sequel == HostSequel.AnswerUnload && _answerUnload)
            Send(ChannelMessages.ToBytes(ChannelMessageType.UnloadResponse));
        else if (sequel == HostSequel.Contact)
            Negotiate(_nextContact);
        else if (sequel == HostSequel.Reset)
            _target = DefaultTarget;
    }
}
