namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>
/// Every callback that users hand in, and the test of each way it can misbehave: throw at once or later, never end, call what
/// calls it, dispose what calls it. What begins with "n.a." says why there is none.
/// </summary>
internal sealed record CallbackCells(string Throws, string ThrowsLater, string NeverEnds, string Reenters, string DisposesOwner)
{
    private const string IsSynchronous = "n.a.: it returns no task";
    private const string OwnThread = "n.a.: runs on the thread of whoever runs the component, which waits";
    private const string InService = "HostileServiceTests.A_service_that_ends_while_the_guest_has_the_channel_takes_its_offer_with_it";
    private const string NeverEndingService = "HostileServiceTests.A_service_that_ignores_its_token_loses_its_channel_when_its_time_is_over";
    private const string EndsMachine = "OwnerEndTests.Whatever_a_machine_calls_may_end_it";
    private const string ObserverOfHost = "HostileCallbackTests.An_observer_that_throws_is_told_once_and_called_no_more";
    private const string CallsBus = "OwnerEndTests.An_observer_may_call_its_bus_without_waiting_for_it";

    private static readonly CallbackCells Handler = new(
        "HostileHandlerTests.What_a_handler_throws_comes_out_of_the_run", IsSynchronous, OwnThread,
        "HostileHandlerTests.A_handler_may_call_its_component_again", "HostileHandlerTests.A_handler_may_close_the_channel_it_is_called_over");

    private static readonly CallbackCells Store = new(
        "KvpDaemonTests.What_the_store_throws_is_a_failure_to_the_host_and_ends_the_run", IsSynchronous,
        "HostileDaemonTests.A_store_that_does_not_return_is_waited_for_by_dispose_and_answered_for",
        "HostileDaemonTests.A_store_that_runs_its_daemon_again_is_refused_and_nothing_changes",
        "HostileDaemonTests.A_store_that_disposes_its_daemon_is_answered_for_and_then_the_device_is_closed");

    private static readonly CallbackCells Freezer = new(
        "VssDaemonTests.A_freeze_that_throws_is_a_failure_to_the_host_and_is_thawed", IsSynchronous, Store.NeverEnds, Store.Reenters,
        "HostileDaemonTests.A_freezer_that_disposes_its_daemon_is_answered_for_and_leaves_nothing_frozen");

    private static readonly CallbackCells Service = new(
        InService, InService, NeverEndingService,
        "HostileServiceTests.A_service_that_offers_its_own_name_again_before_it_has_ended_is_told_why_it_cannot",
        "HostileServiceTests.A_service_may_end_its_own_offer_and_its_bus_and_is_not_waited_for");

    private static readonly CallbackCells Device = Service with { Reenters = "HostileAcceptTests.An_accept_may_call_its_bus_and_wait_for_it" };

    private static readonly CallbackCells OfHypervisor = new(
        "n.a.: documented to end the process, or to come out of the call that pays", IsSynchronous, "n.a.: it is the hypervisor's own thread",
        "n.a.: it is given nothing to call", "n.a.: the thread would wait for its own end");

    private static readonly CallbackCells Recorded = new(
        "HostileStreamTests.Whatever_the_stream_throws_ends_the_recording_and_reaches_nobody", IsSynchronous, "n.a.: an observer must not block, as documented",
        "HostileStreamTests.What_is_observed_out_of_a_write_is_lost_and_spoils_no_record", "HostileStreamTests.A_write_that_disposes_its_recorder_is_the_last");

    private static readonly CallbackCells Disk = new(
        "HostileDiskTests.A_disk_that_throws_at_once_or_later_fails_that_command_alone",
        "HostileDiskTests.A_disk_that_throws_at_once_or_later_fails_that_command_alone",
        "HostileDiskTests.A_disk_whose_call_never_ends_costs_the_channel_and_harms_no_later_open",
        "HostileDiskTests.A_disk_may_call_its_controller_from_within_a_call",
        "HostileDiskTests.A_disk_may_end_its_machine_from_within_a_call");

    private static readonly CallbackCells LinkWait = new(
        "HostileLinkTests.A_link_that_throws_at_once_ends_the_adapter_and_the_author_gets_the_exception",
        "HostileLinkTests.A_link_that_throws_later_ends_the_adapter_and_the_author_gets_the_exception",
        "HostileLinkTests.A_link_whose_call_never_ends_costs_the_channel_and_harms_no_later_open",
        "HostileLinkTests.A_link_may_call_its_adapter_from_within_a_call",
        "HostileLinkTests.A_link_may_end_its_machine_from_within_a_call");

    private static readonly CallbackCells Link = LinkWait with { ThrowsLater = IsSynchronous };

    /// <summary>By "type.member", with the parameter where it is one.</summary>
    public static IReadOnlyDictionary<string, CallbackCells> All { get; } = new Dictionary<string, CallbackCells>(StringComparer.Ordinal)
    {
        ["IChannelDevice.AcceptsAsync"] = new(
            "HostileAcceptTests.An_accept_that_throws_refuses_the_open_and_the_hosts_author_gets_the_exception",
            "HostileAcceptTests.An_accept_that_throws_refuses_the_open_and_the_hosts_author_gets_the_exception",
            "HostileAcceptTests.An_accept_that_never_answers_has_refused_when_its_time_is_over_and_its_late_yes_means_nothing",
            "HostileAcceptTests.An_accept_may_call_its_bus_and_wait_for_it", "HostileAcceptTests.An_accept_may_dispose_its_bus"),
        ["IChannelDevice.ServeAsync"] = Service,
        ["HostBus.OfferAsync(device)"] = Device,
        ["PipeDevice(serve)"] = Service with { Throws = "OwnerEndTests.A_pipe_whose_user_throws_is_lost_to_its_guest_and_the_author_gets_the_exception", DisposesOwner = EndsMachine },
        ["IBlockDevice.ReadAsync"] = Disk,
        ["IBlockDevice.WriteAsync"] = Disk,
        ["IBlockDevice.FlushAsync"] = Disk,
        ["IBlockDevice.UnmapAsync"] = Disk,
        ["ScsiController.Attach(device)"] = Disk,
        ["ScsiControllerOptions.OfferSubchannel"] = new(
            "HostileDiskTests.An_offer_of_a_subchannel_that_throws_leaves_the_guest_the_channels_it_has",
            "HostileDiskTests.An_offer_of_a_subchannel_that_throws_leaves_the_guest_the_channels_it_has",
            "HostileDiskTests.An_offer_of_a_subchannel_that_never_ends_holds_up_no_close_and_is_taken_back_when_it_comes",
            "HostileDiskTests.An_offer_of_a_subchannel_may_call_its_controller",
            "HostileDiskTests.An_offer_of_a_subchannel_may_end_its_machine"),
        ["BlockFile.Open(deallocate)"] = new(
            "BlockFileTests.What_a_deallocation_throws_comes_out_of_the_unmap_and_the_image_goes_on", IsSynchronous,
            "n.a.: runs on the thread that unmaps, which waits: IBlockDevice.UnmapAsync",
            "BlockFileTests.What_a_deallocation_throws_comes_out_of_the_unmap_and_the_image_goes_on",
            "BlockFileTests.A_deallocation_that_disposes_its_image_has_the_file_open_until_it_returns"),
        ["INetworkLink.TrySend"] = Link,
        ["INetworkLink.Flush"] = Link,
        ["INetworkLink.TryReceive"] = Link,
        ["INetworkLink.WaitToSendAsync"] = LinkWait,
        ["INetworkLink.WaitToReceiveAsync"] = LinkWait,
        ["NetworkAdapter(link)"] = LinkWait,
        ["HvSocketOptions.Requested"] = new(
            "HostileRequestTests.A_program_that_throws_at_once_refuses_and_the_author_gets_the_exception",
            "HostileSocketTests.A_program_that_throws_before_it_accepts_refuses_and_after_it_resets_and_both_are_told",
            "HostileRequestTests.A_program_that_never_answers_is_refused_in_time_counted_and_told_when_the_sockets_are_disposed",
            "HostileRequestTests.A_program_may_listen_connect_and_accept_from_within_a_request_but_accept_once",
            "HostileRequestTests.A_program_may_dispose_its_sockets_from_within_a_request"),
        ["IntegrationDevice(create)"] = Service with { ThrowsLater = IsSynchronous },
        ["IntegrationDevice.UseAsync(use)"] = new(
            "HostileUseTests.What_was_asked_for_by_a_use_that_then_throws_is_asked_all_the_same", "n.a.: the task is the caller's own, and is given back",
            "CancelledCallTests.A_use_of_a_component_waits_for_a_guest_and_for_an_answer_until_its_token_says_so",
            "HostileUseTests.A_use_may_use_the_component_again", "HostileUseTests.A_use_may_end_the_service_it_is_called_by_and_what_it_asked_ends_too"),
        ["HostBusOptions.TransportConnect"] = new(
            "HostileCallbackTests.A_socket_request_whose_handler_throws_is_refused_and_the_author_gets_the_exception",
            "HostileCallbackTests.A_socket_request_whose_handler_throws_is_refused_and_the_author_gets_the_exception",
            "HostileCallbackTests.A_socket_request_whose_handler_never_answers_is_refused_when_its_time_is_over_and_holds_up_nobody",
            "HostileCallbackTests.A_socket_request_may_wait_for_the_offer_it_makes", "HostileCallbackTests.A_socket_request_may_dispose_its_bus"),
        ["HostBus.TransportConnect"] = new(
            "HostileCallbackTests.A_handler_that_is_set_once_there_is_a_bus_takes_the_place_of_the_one_before",
            "HostileCallbackTests.A_socket_request_whose_handler_throws_is_refused_and_the_author_gets_the_exception",
            "HostileCallbackTests.A_socket_request_whose_handler_never_answers_is_refused_when_its_time_is_over_and_holds_up_nobody",
            "HostileCallbackTests.A_socket_request_may_wait_for_the_offer_it_makes", "HostileCallbackTests.A_socket_request_may_dispose_its_bus"),
        ["HostBusOptions.Observer"] = new(ObserverOfHost, IsSynchronous, "n.a.: must not block, as documented", CallsBus, EndsMachine),
        ["IMessageObserver.Observe"] = new(ObserverOfHost, IsSynchronous, "n.a.: must not block, as documented", CallsBus, EndsMachine),
        ["GuestBusOptions.Observer"] = new(
            "GuestEndTests.An_observer_that_throws_ends_the_connection_and_every_wait_with_it", IsSynchronous,
            "GuestEndTests.A_host_that_floods_a_guest_whose_observer_is_slow_ends_the_connection", CallsBus, EndsMachine),
        ["HostBusOptions.Scheduler"] = new(
            "HostileCallbackTests.A_scheduler_that_runs_nothing_is_a_failure_of_the_device", IsSynchronous,
            "OwnerEndTests.A_scheduler_that_never_runs_what_it_takes_is_a_device_that_does_not_answer",
            "n.a.: it is given nothing to call", "n.a.: it is given nothing to dispose"),
        ["HostBus.DeviceFailed"] = new(
            "HostileCallbackTests.A_handler_of_failures_that_throws_or_hangs_harms_nobody_and_all_is_counted", IsSynchronous,
            "HostileCallbackTests.A_handler_of_failures_that_throws_or_hangs_harms_nobody_and_all_is_counted",
            "HostileCallbackTests.A_failure_is_told_in_order_and_from_outside_the_bus", EndsMachine),
        ["FileCopyHost.CopyAsync(content)"] = new(
            "HostileCopyTests.What_reading_throws_is_the_end_of_one_copy", IsSynchronous, NeverEndingService,
            "HostileCopyTests.Progress_may_ask_for_the_next_copy", "HostileCopyTests.A_stream_or_progress_may_close_the_component_and_all_its_copies_with_it"),
        ["FileCopyHost.CopyAsync(progress)"] = new(
            "HostileCopyTests.What_telling_of_progress_throws_is_the_end_of_one_copy", IsSynchronous, NeverEndingService,
            "HostileCopyTests.Progress_may_ask_for_the_next_copy", "HostileCopyTests.A_stream_or_progress_may_close_the_component_and_all_its_copies_with_it"),
        ["TimeSyncHost(guestReferenceTime)"] = Service with { ThrowsLater = IsSynchronous },
        ["FileCopyGuest(target)"] = Handler,
        ["FileCopyGuest(ended)"] = Handler,
        ["IFileCopyTarget.Begin"] = Handler,
        ["IFileCopyFile.Write"] = Handler,
        ["IFileCopyFile.Complete"] = Handler,
        ["ShutdownGuest(act)"] = Handler,
        ["ShutdownGuest(accepts)"] = Handler,
        ["TimeSyncGuest(referenceTime)"] = Handler,
        ["TimeSyncGuest(sampled)"] = Handler,
        ["KvpGuest(store)"] = Handler,
        ["IKvpStore.TryGet"] = Handler,
        ["IKvpStore.Set"] = Store,
        ["IKvpStore.Delete"] = Handler,
        ["IKvpStore.TryGetAt"] = Handler,
        ["IKvpStore.GetAddresses"] = Handler,
        ["IKvpStore.SetAddresses"] = Handler,
        ["KvpDaemon.Open(store)"] = Store,
        ["VssDaemon.Open(freezer)"] = Freezer,
        ["IVolumeFreezer.CheckHotBackup"] = Freezer,
        ["IVolumeFreezer.Freeze"] = Freezer,
        ["IVolumeFreezer.Thaw"] = Freezer with { Throws = "HostileDaemonTests.A_freezer_whose_last_thaw_throws_keeps_no_device_open" },
        ["ConversationRecorder(stream)"] = Recorded,
        ["ConversationReader(stream)"] = new(
            "n.a.: comes out of TryRead, as documented", IsSynchronous, "n.a.: the caller's own thread", "n.a.: not thread-safe, one call at a time", "n.a.: not thread-safe, one call at a time"),
        ["HypervisorOptions.SpendCost"] = OfHypervisor,
        ["HypervisorOptions.ScanThreadStarted"] = OfHypervisor,
        ["SharedChannelOptions.ScanThreadStarted"] = OfHypervisor,
        ["LinuxMachineOptions.Console"] = OfHypervisor with { Throws = "n.a.: needs /dev/kvm; ends the guest, which Ended says" },
    };
}
